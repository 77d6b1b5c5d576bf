internal import JSON
internal import Linux
internal import OCI

/// Reads the answer to a request as its bytes come. Not for answers to HEAD, which have no body whatever their head says.
///
/// What it keeps is the head, at most 8 KiB, and what has come and was not asked for yet: the body is given away piece by piece.
public struct ResponseParser {
  /// What comes next.
  public enum Part {
    /// More bytes have to come.
    case nothing
    /// The head is there: `status` and `isProblem` say what it says.
    case head
    case body([UInt8])
    case end
  }

  private enum State { case head, body, untilClose, chunkSize, chunkEnd, trailer, end }

  private var reader = HeadReader()
  private var state = State.head
  /// Bytes of the body or of the chunk that have not come yet.
  private var left: UInt64 = 0
  private var trailerSize = 0
  /// Such as 200; 0: the head has not come.
  public private(set) var status: UInt64 = 0
  /// The body is a `Problem`'s document.
  public private(set) var isProblem = false

  public init() {}

  public mutating func append(_ bytes: ArraySlice<UInt8>) { reader.bytes.append(bytes) }

  /// The connection has ended. Throws when that is before the end of the answer.
  public mutating func finish() throws(Problem) {
    if state == .untilClose && reader.bytes.count == 0 { state = .end }
    if state != .end { throw Problem(.badGateway, "the answer has no end") }
  }

  public mutating func next() throws(Problem) -> Part {
    do throws(Problem) {
      return try part()
    } catch { throw Problem(.badGateway, "the answer is not one of HTTP/1.1: \(error.detail)") }
  }

  private mutating func part() throws(Problem) -> Part {
    while true {
      switch state {
      case .head:
        guard let head = try reader.next() else { return .nothing }
        if try read(head) { return .head }
      case .body:
        // A body of length 0, and the end of a chunk.
        if left == 0 {
          state = isChunked ? .chunkEnd : .end
        } else {
          return piece()
        }
      case .untilClose:
        left = .max
        return piece()
      case .chunkSize:
        guard let line = try reader.bytes.line(longest: 256, tooLong: .badGateway) else { return .nothing }
        // What stands behind a semicolon is for others (RFC 9112, section 7.1.1).
        guard let size = hexadecimal(trimmed(line.prefix { $0 != 0x3B })) else { throw Problem(.badGateway, "a chunk has no size") }
        left = size
        state = size == 0 ? .trailer : .body
      case .chunkEnd:
        guard let line = try reader.bytes.line(longest: 2, tooLong: .badGateway) else { return .nothing }
        if !line.isEmpty { throw Problem(.badGateway, "a chunk is longer than its size") }
        state = .chunkSize
      case .trailer:
        guard let line = try reader.bytes.line(longest: 4096, tooLong: .badGateway) else { return .nothing }
        trailerSize += line.count
        if trailerSize > 8192 { throw Problem(.badGateway, "too much follows the body") }
        if line.isEmpty { state = .end }
      case .end: return .end
      }
    }
  }

  private var isChunked = false

  private mutating func piece() -> Part {
    let bytes = reader.bytes.take(left)
    if bytes.isEmpty { return .nothing }
    left -= UInt64(bytes.count)
    return .body(bytes)
  }

  /// Takes a head; false when it is one of those in front of the answer itself, such as that of 100 (RFC 9110, section 15.2).
  private mutating func read(_ head: MessageHead) throws(Problem) -> Bool {
    let line = head.line
    guard line.begins(with: "HTTP/1."), line.count >= 12, line[7] == 0x30 || line[7] == 0x31, line[8] == 0x20, let code = decimal(line[9..<12]), code >= 100,
      line.count == 12 || line[12] == 0x20
    else { throw Problem(.badGateway, "it does not begin with the version and a status") }
    if code < 200 {
      if code == 101 { throw Problem(.badGateway, "nobody has asked for another protocol") }
      return false
    }
    status = code
    var length: UInt64?
    for field in head.fields {
      switch position(of: field.name, in: "content-length transfer-encoding content-type") {
      case 0:
        guard length == nil, let number = decimal(field.value[...]) else { throw Problem(.badGateway, "there must be one Content-Length, a number") }
        length = number
      case 1:
        if isChunked || !lowerCase(field.value[...])[...].matches("chunked") { throw Problem(.badGateway, "there is no such transfer coding here") }
        isChunked = true
      case 2: isProblem = lowerCase(field.value[...]).begins(with: "application/problem+json")
      default: break
      }
    }
    if isChunked && length != nil { throw Problem(.badGateway, "the length of the body is ambiguous") }
    left = length ?? 0
    // 204 and 304 have no body (RFC 9112, section 6.3).
    state = code == 204 || code == 304 ? .end : isChunked ? .chunkSize : length == nil ? .untilClose : .body
    return true
  }
}
