internal import Linux

/// Room that is kept, so that something can be removed when the medium is full.
///
/// Removing is mostly freeing, but not only: a directory grows when others are moved into it, and f2fs writes to another place what it changes.
extension Store {
  private static var reserveName: Path { "reserve" }
  /// Bytes: 40,000 names in a directory of ext4.
  private static var reserveSize: UInt64 { 1 << 20 }

  /// Makes the reserve, unless it is there.
  func keepReserve() throws(Errno) {
    if let status = try root.statusIfPresent(of: Store.reserveName), status.size == Store.reserveSize { return }
    do throws(Errno) {
      let file = try root.open(Store.reserveName, .writeOnly | .create | .truncate | .noFollow, mode: 0o600)
      do throws(Errno) {
        try file.allocate(Store.reserveSize)
      } catch {
        // ext3 and UBIFS, among others, cannot.
        guard error == .notSupported else { throw error }
        let zeros = [UInt8](repeating: 0, count: 64 << 10)
        for _ in 0..<Store.reserveSize / UInt64(zeros.count) { try file.writeAll(zeros) }
      }
    } catch {
      try? root.unlink(Store.reserveName)
      throw error
    }
  }

  /// Does what removes something; when there is no room for that, once more with the reserve. `recover` makes it again.
  func evenIfFull(_ remove: () throws(Errno) -> Void) throws(Errno) {
    do throws(Errno) {
      return try remove()
    } catch {
      guard error == .noSpace else { throw error }
      do throws(Errno) { try root.unlink(Store.reserveName) } catch { throw .noSpace }
    }
    try remove()
  }

  /// Refuses to write `bytes` when the medium has no room for them: it is said before it is full, not after.
  func requireRoom(for bytes: UInt64) throws(Errno) {
    if try root.fileSystemStatus().bytesAvailable < bytes { throw .noSpace }
  }
}
