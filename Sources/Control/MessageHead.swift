/// Bytes that come in pieces, taken line by line or as they are.
struct ByteQueue {
  private var bytes: [UInt8] = []
  /// What has been taken.
  private var start = 0
  /// Up to where there is no end of a line.
  private var scanned = 0

  init() {}

  /// What has not been taken.
  var count: Int { bytes.count - start }

  mutating func append(_ more: ArraySlice<UInt8>) {
    bytes.removeFirst(start)
    scanned -= start
    start = 0
    bytes.append(contentsOf: more)
  }

  /// The next line without its CR LF; nil when its end has not come. RFC 9112 (section 2.2) lets a recipient take an LF alone for an end as well; what readers
  /// take differently is refused here, and so is every other control character but the tab.
  mutating func line(longest: Int, tooLong: HTTPStatus) throws(Problem) -> [UInt8]? {
    while scanned < bytes.count {
      let byte = bytes[scanned]
      let isBehindReturn = scanned > start && bytes[scanned - 1] == 0x0D
      if isBehindReturn != (byte == 0x0A) { throw Problem(.badRequest, "a line must end with CR LF") }
      if byte < 0x20 ? byte != 0x09 && byte != 0x0D && byte != 0x0A : byte == 0x7F { throw Problem(.badRequest, "a control character is in the head") }
      scanned += 1
      if isBehindReturn {
        let line = Array(bytes[start..<(scanned - 2)])
        start = scanned
        return line
      }
      if scanned - start > longest + 1 { throw Problem(tooLong, "a line is longer than \(longest) bytes") }
    }
    return nil
  }

  /// The next bytes, not more than `most`.
  @inline(never)
  mutating func take(_ most: UInt64) -> [UInt8] {
    let end = most < UInt64(count) ? start + Int(most) : bytes.count
    let taken = Array(bytes[start..<end])
    start = end
    scanned = end
    return taken
  }
}

/// A field of a head. The name is in lower case, the value without white space around it.
final class HeaderField: Sendable {
  let name: String
  let value: [UInt8]

  /// Throws where it is none (RFC 9112, section 5): a space before the colon, or at the beginning of the line, where it would go on with the line before.
  init(_ line: [UInt8]) throws(Problem) {
    var colon = 0
    while colon < line.count, isTokenByte(line[colon]) { colon += 1 }
    if colon == 0 || colon == line.count || line[colon] != 0x3A { throw Problem(.badRequest, "a header field must begin with a name and a colon") }
    name = string(lowerCase(line[..<colon])[...])
    value = Array(trimmed(line[(colon + 1)...]))
  }
}

/// A letter, digit or sign of a `token` (RFC 9110, section 5.6.2).
@inline(never)
func isTokenByte(_ byte: UInt8) -> Bool {
  switch byte {
  // ! # $ % & ' * + - . ^ _ ` | ~
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
  default: false
  }
}

@inline(never)
func lowerCase(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
  var lower: [UInt8] = []
  for byte in bytes { lower.append(byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte) }
  return lower
}

/// Without spaces and tabs at the beginning and at the end.
@inline(never)
func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
  var rest = bytes
  while let first = rest.first, first == 0x20 || first == 0x09 { rest = rest.dropFirst() }
  while let last = rest.last, last == 0x20 || last == 0x09 { rest = rest.dropLast() }
  return rest
}

/// The first line and the fields of a message.
final class MessageHead {
  let line: [UInt8]
  fileprivate(set) var fields: [HeaderField] = []

  init(line: [UInt8]) { self.line = line }
}

/// Reads heads as their bytes come. A head has at most 8 KiB, a line of it half as much, and there are at most 64 fields.
struct HeadReader {
  var bytes = ByteQueue()
  private var head: MessageHead?
  private var size = 0

  init() {}

  var isEmpty: Bool { head == nil && bytes.count == 0 }

  private static var longest: Int { 8192 }
  private static var longestLine: Int { 4096 }
  private static var mostFields: Int { 64 }

  /// The next head; nil when its end has not come.
  mutating func next() throws(Problem) -> MessageHead? {
    while let line = try bytes.line(longest: HeadReader.longestLine, tooLong: head == nil ? .uriTooLong : .headersTooLarge) {
      size += line.count + 2
      if size > HeadReader.longest { throw Problem(.headersTooLarge, "the head is longer than \(HeadReader.longest) bytes") }
      guard let head else {
        head = MessageHead(line: line)
        continue
      }
      if line.isEmpty {
        self.head = nil
        size = 0
        return head
      }
      if head.fields.count == HeadReader.mostFields { throw Problem(.headersTooLarge, "there are more than \(HeadReader.mostFields) header fields") }
      head.fields.append(try HeaderField(line))
    }
    return nil
  }
}
