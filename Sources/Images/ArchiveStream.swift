internal import Linux
internal import OCI

/// The bytes of an archive that can only be read once, from a pipe, or that is compressed as a whole: `docker save IMAGE | gzip`.
final class ArchiveStream {
  private let input: ArchiveInput
  private let compression: LayerCompression
  private let limits: Limits
  private var bytesUnpacked: UInt64 = 0

  /// How it is compressed is seen from its first bytes.
  init(_ input: ArchiveInput, limits: Limits) throws(LayerError) {
    let start = try input.peek()
    let compression = try LayerCompression.found(in: start)
    self.input = input
    self.limits = limits
    self.compression = compression
  }

  /// A reader of the archive, which also reads what comes after it.
  func reader(start: ReaderStart) throws(LayerError) -> ArchiveReader {
    let bytes = input
    let input = ReaderInput(
      fill: { (buffer) throws(LayerError) in try bytes.read(into: buffer) },
      take: { (count, consumed) throws(LayerError) in try self.take(count, consumed) })
    return try ArchiveReader(ReaderTask(purpose: .staging, compression: compression, limits: limits), input, start: start)
  }

  private func take(_ count: UInt64, _ consumed: UInt64) throws(LayerError) {
    bytesUnpacked += count
    // What comes out of it goes to the medium, so that it may not be a bomb either.
    if bytesUnpacked > limits.ratioFloor, bytesUnpacked / limits.ratio > consumed { throw LayerError(.ratio(limit: limits.ratio)) }
  }
}

/// The bytes as they come, with a look at the first ones.
final class ArchiveInput {
  private let file: FileDescriptor
  /// What was looked at and has not been given yet.
  private var head: ArraySlice<UInt8> = []

  init(_ file: consuming FileDescriptor) { self.file = file }

  /// The first bytes, a few of them at least unless there are no more.
  func peek() throws(LayerError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 512)
    var count = 0
    while count < bytes.count {
      let got = count
      var more = 0
      var failure: Errno?
      bytes.withUnsafeMutableBytes { buffer in
        do throws(Errno) { more = try receive(UnsafeMutableRawBufferPointer(rebasing: buffer[got...])) } catch { failure = error }
      }
      if let failure { throw LayerError(.system(SystemError("read", "the archive", failure))) }
      if more == 0 { break }
      count += more
    }
    head = bytes[..<count]
    return Array(head)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    var count = min(head.count, buffer.count)
    if count > 0 {
      buffer.copyBytes(from: head.prefix(count))
      head = head.dropFirst(count)
    } else {
      do throws(Errno) { count = try receive(buffer) } catch { throw LayerError(.system(SystemError("read", "the archive", error))) }
    }
    return count
  }

  private func receive(_ buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    while true {
      do throws(Errno) {
        return try file.read(into: buffer)
      } catch {
        // Whoever has the other end may have made it so that nobody waits (sshd does).
        if error != .wouldBlock { throw error }
        _ = try waitForInput([file.rawValue])
      }
    }
  }
}

extension LayerCompression {
  /// Its name in a message.
  var name: Literal {
    switch self {
    case .none: "tar"
    case .gzip: "gzip"
    case .zstd: "zstd"
    }
  }

  /// How bytes are compressed that begin with these, by their magic number.
  static func found(in start: [UInt8]) throws(LayerError) -> LayerCompression {
    if start.starts(with: [0x1F, 0x8B]) { return .gzip }
    if start.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
    // A skippable frame, of which there are sixteen kinds (RFC 8878, 3.1.2).
    if start.count > 3, start[0] & 0xF0 == 0x50, start[1...].starts(with: [0x2A, 0x4D, 0x18]) { return .zstd }
    if start.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) { throw LayerError(.unknownCompression(name: "xz")) }
    if start.starts(with: [0x42, 0x5A, 0x68]) { throw LayerError(.unknownCompression(name: "bzip2")) }
    return .none
  }
}
