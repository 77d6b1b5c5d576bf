internal import Linux

/// Looks for the home directory of a user in the contents of /etc/passwd, byte for byte as they come: for the process that becomes a container, which has neither
/// the memory for the file nor for its lines (docs/decisions/malloc.md).
///
/// It finds what `resolveUser` finds for the same number, and nothing where that refuses a line; but the bytes are taken as they are, text or not.
struct HomeSearch {
  private let user: UInt64
  /// Behind so many bytes stands what is found.
  private let start: Int
  /// Of the line that is read: how many bytes and colons it has so far, and the two numbers in it.
  private var length = 0
  private var field = 0
  private var userID = HomeSearch.none
  private var groupID = HomeSearch.none
  private var isHidden = false

  /// Behind what is in `home` the search puts what it finds.
  init(of user: UInt32, _ home: [UInt8]) {
    self.user = UInt64(user)
    start = home.count
  }

  /// Takes the next byte, and after the last one a line feed; true when there is nothing more to look for.
  @inline(never)
  mutating func take(_ byte: UInt8, _ home: inout [UInt8]) -> Bool {
    if byte == 0x0A { return endLine(&home) }
    length += 1
    if length > UserFile.lineLimit {
      clear(&home)
      return true
    }
    // Every other reader takes a NUL for the end.
    if byte == 0 { isHidden = true }
    switch (byte, field) {
    case (0x3A, _): field += 1
    case (_, 2): userID = HomeSearch.number(userID, byte)
    case (_, 3): groupID = HomeSearch.number(groupID, byte)
    case (_, 5) where userID == user: home.append(byte)
    default: break
    }
    return false
  }

  private mutating func endLine(_ home: inout [UInt8]) -> Bool {
    let isFound = field == 6 && !isHidden && userID == user
    // What is no absolute path is not what programs take HOME for.
    if !isFound || groupID >= HomeSearch.broken || home.count == start || home[start] != Path.slash { clear(&home) }
    (length, field, userID, groupID, isHidden) = (0, 0, HomeSearch.none, HomeSearch.none, false)
    return isFound
  }

  private func clear(_ home: inout [UInt8]) { while home.count > start { home.removeLast() } }

  /// The decimal number `number` with one digit more; `broken` when that is not below 4294967295.
  private static func number(_ number: UInt64, _ byte: UInt8) -> UInt64 {
    if number == broken { return broken }
    let digit = UInt64(byte &- 0x30)
    let longer = (number == none ? 0 : number) * 10 + digit
    return digit > 9 || longer >= UInt64(UInt32.max) ? broken : longer
  }

  private static var none: UInt64 { .max }
  private static var broken: UInt64 { .max - 1 }
}
