import Linux
import Testing

@testable import Images

/// Numbers that look random and are the same in every run (xorshift64).
private struct Sequence64 {
  var state: UInt64
  mutating func next(below limit: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state % UInt64(limit))
  }
}

@Suite("archives with random changes end in entries or an error, never in a crash")
struct MutationTests {
  private static var archive: [UInt8] {
    tar([
      .directory("usr/"), .file("usr/a", "content"),
      Entry.file("short").with("path", String(repeating: "long/", count: 40)).with("size", "1").with("mtime", "1.5")
        .with("SCHILY.xattr.user.a", "b"), Entry(name: "././@LongLink", type: "L", data: Array(repeating: 0x6E, count: 150)), .link("l", "usr"),
      .hardLink("h", "usr/a"),
      Entry(name: "p", type: "6", magic: "ustar  \u{0}"), Entry(name: "g", type: "g", data: Entry.record("comment", [0x78])),
      .file("last", String(repeating: "y", count: 700)),
    ])
  }

  private func mutate(_ bytes: [UInt8], _ random: inout Sequence64) -> [UInt8] {
    var bytes = bytes
    for _ in 0...random.next(below: 4) {
      let at = random.next(below: bytes.count)
      switch random.next(below: 5) {
      case 0: bytes[at] = UInt8(random.next(below: 256))
      case 1: bytes[at] ^= 1 << UInt8(random.next(below: 8))
      case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.next(below: 600)))
      case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 1 + random.next(below: 600))], at: random.next(below: bytes.count))
      default:
        // A digit or a minus sign where numbers may stand.
        bytes[at] = Array("0123456789-+ \u{0}\u{80}\u{FF}".utf8)[random.next(below: 14)]
      }
      if bytes.isEmpty { bytes = [0] }
    }
    return bytes
  }

  /// Makes the checksums of all blocks right that look like headers, so that changes get past them.
  private func sign(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes[...]
    while rest.count >= 512 {
      let block = Array(rest.prefix(512))
      rest = rest.dropFirst(512)
      result += block[257..<262].elementsEqual("ustar".utf8) ? Entry.signed(block) : block
    }
    return result + rest
  }

  @Test("tar, with the checksums put right")
  func tarArchives() {
    var random = Sequence64(state: 0x9E37_79B9_7F4A_7C15)
    let original = Self.archive
    var refused = 0
    for _ in 0..<1200 {
      let changed = sign(mutate(original, &random))
      do throws(LayerError) {
        for item in try readAll(changed, piece: 1024) {
          // What the reader lets through keeps its promises.
          #expect(item.entry.size == UInt64(item.data.count))
          #expect(!item.entry.name.bytes.contains(0) && item.entry.mode <= 0o7777 && item.entry.user != .max)
        }
      } catch {
        refused += 1
        #expect(!error.message.isEmpty)
      }
    }
    #expect(refused > 100 && refused < 1200)
  }

  @Test("gzip")
  func gzipStreams() throws {
    var random = Sequence64(state: 0x2545_F491_4F6C_DD1D)
    let original = gzip(Array(Self.archive.prefix(3000))) + gzip([1, 2, 3])
    var damaged = 0
    for _ in 0..<1000 {
      let changed = mutate(original, &random)
      let inflater = try #require(Inflater())
      var output = [UInt8](repeating: 0, count: 512)
      var given = 0
      var outcome = Inflater.Outcome.more
      changed.withUnsafeBytes { bytes in
        var input = bytes
        var idle = 0
        // Every step takes or gives something, or there is nothing left to do.
        while outcome == .more, idle < 2, given < 1 << 20 {
          output.withUnsafeMutableBytes { room in
            var left = room
            let before = input.count
            outcome = inflater.step(&input, &left)
            given += room.count - left.count
            idle = left.count == room.count && input.count == before ? idle + 1 : 0
          }
        }
        if outcome == .more { #expect(input.isEmpty) }
      }
      if outcome != .more || !inflater.mayEnd { damaged += 1 }
    }
    #expect(damaged > 500)
  }
}
