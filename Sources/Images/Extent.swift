internal import Linux

/// Some bytes of an open file, read in place: a file of its own, or an entry of an archive. It does not matter where others leave the file's position.
final class Extent {
  private let file: FileDescriptor
  private var position: UInt64
  /// Bytes that have not been read yet.
  private(set) var left: UInt64

  /// `count` bytes from `start` on. Whether the file has them is seen when they are read.
  init(_ file: consuming FileDescriptor, from start: UInt64 = 0, count: UInt64) {
    self.file = file
    position = start
    left = count
  }

  /// Fills (some of) `buffer`; 0 is the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(UInt64(buffer.count), left))])
    if room.isEmpty { return 0 }
    let count = try file.read(into: room, at: position)
    position += UInt64(count)
    left -= UInt64(count)
    return count
  }

  /// The first bytes of those that are left, without taking them: 16, or as many as there are.
  func readStart() throws(Errno) -> [UInt8] {
    try Extent(try file.duplicate(), from: position, count: min(left, 16)).readAll(limit: 16) ?? []
  }

  /// Passes over bytes; whether they were all there.
  func skip(_ count: UInt64) -> Bool {
    guard count <= left else { return false }
    position += count
    left -= count
    return true
  }

  /// All bytes that are left, which are at most `limit`; nil when there are more.
  func readAll(limit: Int) throws(Errno) -> [UInt8]? {
    guard left <= UInt64(limit) else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(left))
    var done = 0
    var failure: Errno?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(Errno) {
        while done < buffer.count {
          let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
          if count == 0 { break }
          done += count
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    bytes.removeSubrange(done...)
    return bytes
  }
}
