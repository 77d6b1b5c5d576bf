internal import Linux

/// Writes a tar archive (POSIX.1-1988 ustar) of files with short names to an open file, in the memory of one buffer.
final class ArchiveWriter {
  private let file: FileDescriptor
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
  private var filled = 0
  /// Bytes that have been written, those in the buffer among them.
  private var count: UInt64 = 0

  init(_ file: consuming FileDescriptor) { self.file = file }

  deinit { buffer.deallocate() }

  /// Begins a file of `size` bytes, below 8 GiB; its contents are to follow, and nothing else before.
  func begin(_ name: Text, size: UInt64) throws(LayerError) {
    try fillUp()
    var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
    func put(_ bytes: some Sequence<UInt8>, _ start: Int) {
      var place = start
      for byte in bytes {
        block[place] = byte
        place += 1
      }
    }
    func octal(_ number: UInt64, _ start: Int, digits: Int) {
      for place in 0..<digits { block[start + place] = 0x30 + UInt8(number >> (3 * UInt64(digits - 1 - place)) & 7) }
    }
    put(name.string.utf8, 0)
    octal(0o644, 100, digits: 7)
    for field in [108, 116] { octal(0, field, digits: 7) }
    octal(size, 124, digits: 11)
    octal(0, 136, digits: 11)
    block[156] = 0x30
    put(StaticBytes("ustar\u{0}00"), 257)
    // The checksum counts its own field as spaces.
    for place in 148..<156 { block[place] = 0x20 }
    var sum: UInt64 = 0
    for byte in block { sum += UInt64(byte) }
    octal(sum, 148, digits: 6)
    block[154] = 0
    try add(block)
  }

  func add(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    count += UInt64(bytes.count)
    var rest = bytes
    while !rest.isEmpty {
      if filled == buffer.count { try flush() }
      let taken = min(rest.count, buffer.count - filled)
      UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<taken]))
      filled += taken
      rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
    }
  }

  func add(_ bytes: [UInt8]) throws(LayerError) {
    var failure: LayerError?
    bytes.withUnsafeBytes { bytes in
      do throws(LayerError) { try add(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Ends the archive.
  func finish() throws(LayerError) {
    try fillUp()
    try add([UInt8](repeating: 0, count: 2 * TarHeader.blockSize))
    try flush()
  }

  private func fillUp() throws(LayerError) {
    let rest = count % UInt64(TarHeader.blockSize)
    if rest > 0 { try add([UInt8](repeating: 0, count: TarHeader.blockSize - Int(rest))) }
  }

  private func flush() throws(LayerError) {
    do throws(Errno) {
      try file.writeAll(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<filled]))
    } catch {
      throw LayerError(.system(SystemError("write", "the archive", error)))
    }
    filled = 0
  }
}
