import Linux
import OCI
import Testing

@testable import Images

/// What the verified stream of a layer's blob gives: all bytes, or the error's message.
private func stream(
  _ blob: [UInt8], archive: [UInt8], _ compression: LayerCompression = .gzip, size: Int? = nil, digest: String? = nil, limits: Limits = Limits()
) throws -> (
  bytes: [UInt8], error: String?
) {
  let scratch = try Scratch("stream")
  try scratch.write("blob", blob)
  let descriptor = Descriptor(
    mediaType: "", digest: try Digest(digest ?? LayoutBuilder.digest(blob)), size: UInt64(size ?? blob.count))
  var bytes: [UInt8] = []
  let text = message {
    let stream = try LayerStream(
      Extent(try scratch.directory.open("blob", .readOnly), count: UInt64(blob.count)), descriptor, compression,
      diffID: try Digest(LayoutBuilder.digest(archive)), limits: limits)
    do throws(LayerError) {
      let reader = try stream.reader(start: readerInThread) { (kept) throws(LayerError) in bytes += kept }
      while try reader.next() != nil {
        while let piece = try reader.piece() { bytes += piece }
      }
      try stream.finish()
    } catch {
      throw stream.explain(error)
    }
  }
  return (bytes, text)
}

@Suite("the blob of a layer")
struct LayerStreamTests {
  private let archive = tar([.file("a", String(repeating: "content ", count: 40000)), .file("b")])

  @Test("is decompressed and verified")
  func gzipped() throws {
    let result = try stream(gzip(archive), archive: archive)
    #expect(result.error == nil)
    #expect(result.bytes == archive)
  }

  @Test("may be uncompressed")
  func plain() throws {
    let result = try stream(archive, archive: archive, .none)
    #expect(result.error == nil)
    #expect(result.bytes == archive)
  }

  @Test("may have several members, empty ones too, and zeros after them")
  func members() throws {
    let blob = gzip(Array(archive[..<1000])) + gzip([]) + gzip(Array(archive[1000...])) + [UInt8](repeating: 0, count: 3000)
    let result = try stream(blob, archive: archive)
    #expect(result.error == nil)
    #expect(result.bytes == archive)
  }

  @Test("is refused when it is cut off, wherever")
  func truncated() throws {
    let whole = gzip(archive)
    for count in [0, 1, 9, 12, 1000, whole.count - 9, whole.count - 8, whole.count - 1] {
      #expect(try stream(Array(whole[..<count]), archive: archive).error == "the archive ends too early", "\(count)")
    }
    #expect(try stream(whole + whole[..<5], archive: archive).error == "the archive ends too early")
  }

  @Test("is refused when it is no gzip, or damaged, or something else follows")
  func damaged() throws {
    var blob = gzip(archive)
    #expect(try stream(archive, archive: archive).error == "its content is not gzip, or damaged")
    #expect(try stream(blob + [1, 2, 3], archive: archive).error == "other bytes follow the gzip stream")
    #expect(try stream(blob + [0, 0, 0x1F, 0x8B], archive: archive).error == "other bytes follow the gzip stream")
    // The checksum in its trailer.
    blob[blob.count - 6] ^= 1
    #expect(try stream(blob, archive: archive).error == "its content is not gzip, or damaged")
  }

  @Test("is refused when its size, digest or DiffID is another")
  func mismatch() throws {
    let blob = gzip(archive)
    let other = LayoutBuilder.digest([1])
    #expect(try stream(blob, archive: archive, size: blob.count - 1).error == "it is longer than the \(blob.count - 1) bytes of its descriptor")
    #expect(try stream(blob, archive: archive, size: blob.count + 1).error == "it is shorter than the \(blob.count + 1) bytes of its descriptor")
    #expect(try stream(blob, archive: archive, digest: other).error == "its content has digest \(LayoutBuilder.digest(blob))")
    #expect(
      try stream(blob, archive: [1]).error == "its uncompressed content has digest \(LayoutBuilder.digest(archive)), and the image's config says \(other)")
    #expect(
      try stream(archive, archive: [1], .none).error
        == "its uncompressed content has digest \(LayoutBuilder.digest(archive)), and the image's config says \(other)")
  }

  @Test("that is not the one of the descriptor is said to be just that, whatever was found in it first")
  func wrongBlob() throws {
    let blob = [UInt8]("this is no gzip at all".utf8)
    #expect(try stream(blob, archive: archive, digest: LayoutBuilder.digest(gzip(archive))).error == "its content has digest \(LayoutBuilder.digest(blob))")
  }

  @Test("may be Zstandard, of several frames, empty and skippable ones among them")
  func zstandard() throws {
    let frames = skippable([1, 2, 3], kind: 0) + zstd(Array(archive[..<1000])) + zstd([]) + zstd(Array(archive[1000...])) + skippable([], kind: 15)
    for blob in [zstd(archive), frames] {
      let result = try stream(blob, archive: archive, .zstd)
      #expect(result.error == nil)
      #expect(result.bytes == archive)
    }
  }

  @Test("is refused as Zstandard when it is cut off, damaged, or something follows")
  func damagedZstandard() throws {
    let whole = zstd(archive)
    for count in [0, 1, 4, 5, 6, 8, 1000, whole.count - 1] {
      #expect(try stream(Array(whole[..<count]), archive: archive, .zstd).error == "the archive ends too early", "\(count)")
    }
    #expect(try stream(whole + whole[..<5], archive: archive, .zstd).error == "the archive ends too early")
    #expect(try stream(whole + skippable([1, 2, 3]).dropLast(), archive: archive, .zstd).error == "the archive ends too early")
    #expect(try stream(archive, archive: archive, .zstd).error == "its content is not zstd, or damaged")
    #expect(try stream(whole + [0, 0, 0, 0, 0, 0], archive: archive, .zstd).error == "its content is not zstd, or damaged")
    // A block of the kind that is reserved.
    var damaged = whole
    damaged[6] |= 6
    #expect(try stream(damaged, archive: archive, .zstd).error == "its content is not zstd, or damaged")
  }

  @Test("is refused as Zstandard when it needs a window of more than 8 MiB")
  func windows() throws {
    #expect(try stream(zstd(archive, window: 13 << 3), archive: archive, .zstd).error == nil)
    for window in [13 << 3 | 1, 14 << 3, 17 << 3, 0xFF] as [UInt8] {
      #expect(
        try stream(zstd(archive, window: window), archive: archive, .zstd).error
          == "its zstd frames need a window of more than 8 MiB (RFC 8878, 3.1.1.1.2)", "\(window)")
    }
  }

  @Test("is compressed as its media type says, or refused")
  func contradiction() throws {
    #expect(try stream(zstd(archive), archive: archive, .gzip).error == "its content is zstd, and its media type says gzip")
    #expect(try stream(gzip(archive), archive: archive, .zstd).error == "its content is gzip, and its media type says zstd")
    #expect(try stream(skippable([]), archive: archive, .gzip).error == "its content is zstd, and its media type says gzip")
    // What is not the blob at all is told as that.
    let other = LayoutBuilder.digest([1])
    #expect(try stream(zstd(archive), archive: archive, .gzip, digest: other).error == "its content has digest \(LayoutBuilder.digest(zstd(archive)))")
  }

  @Test("may not unpack to more than it is allowed to")
  func bombs() throws {
    var limits = Limits()
    limits.bytes = UInt64(archive.count)
    #expect(try stream(gzip(archive), archive: archive, limits: limits).error == nil)
    limits.bytes -= 1
    #expect(try stream(gzip(archive), archive: archive, limits: limits).error == "more than \(archive.count - 1) bytes unpacked")
    // 64 KiB of zeros in 96 bytes.
    let zeros = [UInt8](repeating: 0, count: 65536)
    limits = Limits()
    limits.ratioFloor = 10000
    #expect(try stream(compressedZeros, archive: zeros).error == nil)
    #expect(try stream(compressedZeros, archive: zeros, limits: limits).error == "it unpacks to more than 200 times its size")
    let many = [UInt8](repeating: 0, count: 1_000_000)
    #expect(try stream(zstdZeros(many.count), archive: many, .zstd).error == nil)
    #expect(try stream(zstdZeros(many.count), archive: many, .zstd, limits: limits).error == "it unpacks to more than 200 times its size")
  }
}

/// 65,536 zeros, compressed by gzip.
let compressedZeros: [UInt8] = [
  0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 0xFF, 0xED, 0xC1, 1, 1, 0, 0, 0, 0x80, 0x90, 0xFE, 0xAF, 0xEE, 8, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0x6A, 0xEB, 0x8E, 0x97, 0xD7, 0, 0, 1, 0,
]
