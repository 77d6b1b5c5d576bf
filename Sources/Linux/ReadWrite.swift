internal import CLinux

/// Writes a control file of the kernel that somebody else owns the descriptor of: in one write or not at all. The C function is `write`.
public func writeValue(_ value: String, to descriptor: Int32) throws(Errno) {
  var value = value
  let count = value.utf8.count
  let written = try checked { value.withUTF8 { clinux_write(descriptor, $0.baseAddress, $0.count) } }
  guard written == count else { throw .inputOutput }
}

/// Reads once, at most 16 KiB, from a descriptor that somebody else owns; nothing is the end of the file. The C function is `read`.
public func read(from descriptor: Int32) throws(Errno) -> [UInt8] {
  try filledBytes(atMost: 16384) { clinux_read(descriptor, $0.baseAddress, $0.count) }
}

/// The bytes that a system call puts into a new buffer of so many, which is not cleared before; it gives their number or a negative errno.
func filledBytes(atMost size: Int, _ call: (UnsafeMutableBufferPointer<UInt8>) -> Int) throws(Errno) -> [UInt8] {
  var failure: Errno?
  let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    do throws(Errno) {
      count = try checked { call(UnsafeMutableBufferPointer(rebasing: buffer[..<size])) }
    } catch {
      failure = error
    }
  }
  if let failure { throw failure }
  return bytes
}

/// Reads up to the end from a descriptor that somebody else owns, at most `limit` bytes; more throws `.fileTooLarge`.
public func readAll(from descriptor: Int32, limit: Int) throws(Errno) -> [UInt8] {
  var bytes: [UInt8] = []
  while true {
    let more = try read(from: descriptor)
    if more.isEmpty { return bytes }
    bytes += more
    if bytes.count > limit { throw .fileTooLarge }
  }
}

/// Writes all of `bytes` to a descriptor that somebody else owns. The C function is `write`.
public func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(Errno) {
  var done = 0
  while done < bytes.count {
    let from = done
    done += try checked { bytes.withUnsafeBytes { clinux_write(descriptor, $0.baseAddress.map { $0 + from }, $0.count - from) } }
  }
}

extension FileDescriptor {
  /// Reads the last bytes of the file, wherever its position is, at most `limit`. The C function is `pread`.
  public borrowing func readEnd(limit: Int) throws(Errno) -> [UInt8] {
    let size = try status().size
    let number = rawValue
    let start = size > UInt64(limit) ? size - UInt64(limit) : 0
    return try filledBytes(atMost: limit) { clinux_pread(number, $0.baseAddress, $0.count, start) }
  }

  /// Reads up to the size of `buffer`; 0 is the end of the file. The C function is `read`.
  public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    let number = rawValue
    return try checked { clinux_read(number, buffer.baseAddress, buffer.count) }
  }

  /// Reads from a place in the file up to the size of `buffer`; 0 is the end of the file. The C function is `pread`.
  public borrowing func read(into buffer: UnsafeMutableRawBufferPointer, at place: UInt64) throws(Errno) -> Int {
    let number = rawValue
    return try checked { clinux_pread(number, buffer.baseAddress, buffer.count, place) }
  }

  /// Whether nothing has been read of the file, and it can be read at any place: a pipe cannot. The C function is `lseek`.
  public var isAtStart: Bool { clinux_position(rawValue) == 0 }

  /// Reads the rest of the file, at most `limit` bytes; a longer file throws `.fileTooLarge`, so that nothing reads without a bound.
  public borrowing func readAll(limit: Int) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    var capacity = 4096
    let number = rawValue
    while true {
      let wanted = min(capacity, limit + 1 - bytes.count)
      let chunk = try filledBytes(atMost: wanted) { clinux_read(number, $0.baseAddress, $0.count) }
      if chunk.isEmpty { return bytes }
      if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
      if bytes.count > limit { throw .fileTooLarge }
      if chunk.count == wanted, capacity < 1 << 16 { capacity *= 4 }
    }
  }

  /// The same into `bytes`, whose contents go and whose room stays: nothing is allocated as long as that is enough.
  public borrowing func readAll(into bytes: inout [UInt8], limit: Int) throws(Errno) {
    let number = rawValue
    var chunk = InlineArray<1024, UInt8>(repeating: 0)
    bytes.removeAll(keepingCapacity: true)
    while bytes.count <= limit {
      var buffer = chunk.mutableSpan
      let isEnd = try buffer.withUnsafeMutableBufferPointer { (buffer) throws(Errno) in
        let count = try checked { clinux_read(number, buffer.baseAddress, buffer.count) }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<count]))
        return count == 0
      }
      if isEnd { return }
    }
    throw .fileTooLarge
  }

  /// Writes so many bytes of another file, from its position on, to this one. The C function is `sendfile`.
  public borrowing func append(_ count: UInt64, of other: borrowing FileDescriptor) throws(Errno) {
    let (target, source) = (rawValue, other.rawValue)
    var left = count
    while left > 0 {
      let most = Int(min(left, 1 << 30))
      let sent = try checked { clinux_sendfile(target, source, most) }
      if sent == 0 { throw .inputOutput }
      left -= UInt64(sent)
    }
  }

  /// Writes all of `bytes`, in as many calls as the kernel takes. The C function is `write`.
  public borrowing func writeAll(_ bytes: some Collection<UInt8>) throws(Errno) {
    let array = Array(bytes)
    let number = rawValue
    var done = 0
    while done < array.count {
      let from = done
      done += try checked { array.withUnsafeBytes { clinux_write(number, $0.baseAddress.map { $0 + from }, $0.count - from) } }
    }
  }

  /// Writes all of the raw bytes, in as many calls as the kernel takes. The C function is `write`.
  public borrowing func writeAll(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
    let number = rawValue
    var done = 0
    while done < bytes.count {
      let from = done
      done += try checked { clinux_write(number, bytes.baseAddress.map { $0 + from }, bytes.count - from) }
    }
  }

  /// Goes on at another place in the file, which may be behind its end. The C function is `lseek`.
  @inline(never)
  public borrowing func seek(to place: UInt64) throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_seek(number, place) }
  }

  /// Adds the next `count` bytes of `source` to what has been written; fewer that there are throw `.inputOutput`. The C function is `sendfile`.
  public borrowing func append(_ count: UInt64, from source: borrowing FileDescriptor) throws(Errno) {
    let (to, from) = (rawValue, source.rawValue)
    var left = count
    while left > 0 {
      let sent = try checked { clinux_sendfile(to, from, Int(min(left, 1 << 30))) }
      if sent == 0 { throw .inputOutput }
      left -= UInt64(sent)
    }
  }

  /// Writes once, as much as is taken. The C function is `write`.
  public borrowing func write(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
    let number = rawValue
    return try checked { bytes.withUnsafeBytes { clinux_write(number, $0.baseAddress, $0.count) } }
  }

  /// Writes a control file of the kernel: it takes a value in one write or not at all, so a short write is an error, not a reason to go on. The C function is
  /// `write`.
  public borrowing func writeValue(_ value: String) throws(Errno) {
    try Linux.writeValue(value, to: rawValue)
  }

  /// Waits until the file is on the medium. The C function is `fsync`.
  public borrowing func synchronize() throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_fsync(number) }
  }

  /// Gives the file blocks for its first `size` bytes, and that size at least. The C function is `fallocate`.
  public borrowing func allocate(_ size: UInt64) throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_fallocate(number, size) }
  }

  /// Waits until the whole file system of the file is on the medium. The C function is `syncfs`.
  public borrowing func synchronizeFileSystem() throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_syncfs(number) }
  }
}
