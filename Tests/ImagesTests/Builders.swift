import Linux
import OCI
import TestSupport

@testable import Images

/// An entry of an archive that a test makes. The defaults are those of a small file of the user who runs the tests, so that most tests need no root.
struct Entry {
  var name: String
  var type: Character = "0"
  var data: [UInt8] = []
  var link = ""
  var mode = 0o644
  var user = Int(ownUser)
  var group = Int(ownGroup)
  var modified = 1_000_000_000
  var device = (major: 0, minor: 0)
  /// Instead of the data's length.
  var size: Int?
  var magic = "ustar\u{0}00"
  var extended: [(String, [UInt8])] = []

  static func file(_ name: String, _ text: String = "x", mode: Int = 0o644) -> Entry { Entry(name: name, data: Array(text.utf8), mode: mode) }
  static func directory(_ name: String, mode: Int = 0o755) -> Entry { Entry(name: name, type: "5", mode: mode) }
  static func link(_ name: String, _ target: String) -> Entry { Entry(name: name, type: "2", link: target, mode: 0o777) }
  static func hardLink(_ name: String, _ target: String) -> Entry { Entry(name: name, type: "1", link: target) }

  func with(_ key: String, _ value: String) -> Entry {
    var copy = self
    copy.extended.append((key, Array(value.utf8)))
    return copy
  }

  /// The header and the data, padded; an extended header before them if there is anything for it.
  var bytes: [UInt8] {
    var result: [UInt8] = []
    if !extended.isEmpty {
      let records = extended.flatMap { Entry.record($0.0, $0.1) }
      result += Entry(name: "pax", type: "x", data: records).bytes
    }
    return result + header + data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
  }

  var header: [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: some Sequence<UInt8>, at offset: Int) { for (index, byte) in text.enumerated() { block[offset + index] = byte } }
    func octal(_ number: Int, _ width: Int) -> [UInt8] {
      let digits = String(number, radix: 8)
      return Array(String(repeating: "0", count: max(0, width - digits.count)).utf8) + Array(digits.utf8)
    }
    put(Array(name.utf8).prefix(100), at: 0)
    put(octal(mode, 7), at: 100)
    put(octal(user, 7), at: 108)
    put(octal(group, 7), at: 116)
    put(octal(size ?? data.count, 11), at: 124)
    put(octal(modified, 11), at: 136)
    block[156] = type.asciiValue ?? 0
    put(Array(link.utf8).prefix(100), at: 157)
    put(magic.utf8, at: 257)
    if !magic.isEmpty {
      put(octal(device.major, 7), at: 329)
      put(octal(device.minor, 7), at: 337)
    }
    return Entry.signed(block)
  }

  /// The block with the checksum that it should have.
  static func signed(_ block: [UInt8]) -> [UInt8] {
    var block = block
    for index in 148..<156 { block[index] = 0x20 }
    let sum = block.reduce(0) { $0 + Int($1) }
    for (index, byte) in (String(repeating: "0", count: 6 - String(sum, radix: 8).count) + String(sum, radix: 8)).utf8.enumerated() {
      block[148 + index] = byte
    }
    block[154] = 0
    return block
  }

  /// A record of an extended header; its length counts its own digits.
  static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let rest = [0x20] + Array(key.utf8) + [0x3D] + value + [0x0A]
    var length = rest.count + 1
    while String(length).utf8.count + rest.count != length { length += 1 }
    return Array(String(length).utf8) + rest
  }
}

let ownUser: UInt32 = (try? FileDescriptor.open("/proc/self", [.readOnly, .directory]).status().user) ?? 0
let ownGroup: UInt32 = (try? FileDescriptor.open("/proc/self", [.readOnly, .directory]).status().group) ?? 0
/// What makes devices and `trusted.*` attributes, or gives files away, needs root.
let isRoot = ownUser == 0

/// An archive of `entries` with its two blocks of zeros.
func tar(_ entries: [Entry]) -> [UInt8] { entries.flatMap { $0.bytes } + [UInt8](repeating: 0, count: 1024) }

/// A gzip member that holds `bytes` as they are, in stored blocks (RFC 1951, 3.2.4), so that no compressor is needed.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
  var rest = bytes[...]
  repeat {
    let block = rest.prefix(65535)
    rest = rest.dropFirst(block.count)
    let count = UInt16(block.count)
    result += [rest.isEmpty ? 1 : 0, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)]
    result += block
  } while !rest.isEmpty
  for number in [checksum(bytes), UInt32(truncatingIfNeeded: bytes.count)] {
    for shift in [0, 8, 16, 24] as [UInt32] { result.append(UInt8(truncatingIfNeeded: number >> shift)) }
  }
  return result
}

/// A Zstandard frame that holds `bytes` as they are, in raw blocks (RFC 8878, 3.1.1.2), so that no compressor is needed. `window` is the byte that describes its
/// window; the default one is 1 MiB.
func zstd(_ bytes: [UInt8], window: UInt8 = 0x50) -> [UInt8] {
  var result: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, window]
  var rest = bytes[...]
  repeat {
    let block = rest.prefix(100_000)
    rest = rest.dropFirst(block.count)
    let header = UInt32(block.count) << 3 | (rest.isEmpty ? 1 : 0)
    for shift in [0, 8, 16] as [UInt32] { result.append(UInt8(truncatingIfNeeded: header >> shift)) }
    result += block
  } while !rest.isEmpty
  return result
}

/// A skippable frame (RFC 8878, 3.1.2).
func skippable(_ bytes: [UInt8], kind: UInt8 = 0) -> [UInt8] {
  [0x50 + kind, 0x2A, 0x4D, 0x18, UInt8(bytes.count & 255), UInt8(bytes.count >> 8), 0, 0] + bytes
}

/// A frame of `count` zeros, in blocks of one byte that is repeated.
func zstdZeros(_ count: Int) -> [UInt8] {
  var result: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, 0x50]
  var left = count
  repeat {
    let size = min(left, 100_000)
    left -= size
    let header = UInt32(size) << 3 | 2 | (left == 0 ? 1 : 0)
    for shift in [0, 8, 16] as [UInt32] { result.append(UInt8(truncatingIfNeeded: header >> shift)) }
    result.append(0)
  } while left > 0
  return result
}

/// CRC-32 of RFC 1952.
private func checksum(_ bytes: [UInt8]) -> UInt32 {
  var value = UInt32.max
  for byte in bytes {
    value ^= UInt32(byte)
    for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
  }
  return ~value
}

/// A reader of an archive in memory that gives it in pieces of `piece` bytes.
func reader(_ bytes: [UInt8], piece: Int = 1000, limits: Limits = Limits()) -> TarReader {
  let pieces = Pieces(bytes, of: piece)
  return TarReader(limits: limits) { () throws(LayerError) in pieces.next() }
}

/// All entries of an archive, each with its data.
func readAll(_ bytes: [UInt8], piece: Int = 1000, limits: Limits = Limits()) throws(LayerError) -> [(entry: TarEntry, data: [UInt8])] {
  let reader = reader(bytes, piece: piece, limits: limits)
  var result: [(entry: TarEntry, data: [UInt8])] = []
  while let entry = try reader.next() {
    var data: [UInt8] = []
    while let piece = try reader.piece() { data += piece }
    result.append((entry, data))
  }
  return result
}

/// What the error of `body` says; nil when there is none.
func message(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch let error as ImageError {
    return error.message
  } catch let error as LayerError {
    return error.message
  } catch let error as LayerFault {
    return error.reason
  } catch {
    return "\(error)"
  }
}
