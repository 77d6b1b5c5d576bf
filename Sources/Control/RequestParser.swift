internal import JSON
internal import Linux
internal import OCI

/// The head of a request: what is asked for, and how the connection goes on.
public final class RequestHead {
  /// In the order of `names`.
  public enum Method: UInt8, CaseIterable, Sendable {
    case get, head, put, post, delete
    static var names: Literal { "GET HEAD PUT POST DELETE" }
  }

  public let method: Method
  let target: Target
  /// Bytes of the body.
  public let bodyLength: UInt64
  /// The client waits to be told that it may send the body (RFC 9110, section 10.1.1).
  public let expectsContinue: Bool
  /// The connection is not for one request only.
  public let keepsAlive: Bool
  /// The client knows bodies whose length is not said in front. HTTP/1.0 has none.
  public let takesChunks: Bool

  /// Throws where it is not a request that means one thing to everybody (RFC 9112), and where it is more than is done here. The connection then ends, because
  /// it is not known where the next request would begin.
  init(_ head: MessageHead, longestBody: UInt64) throws(Problem) {
    let parts = head.line.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(isTokenByte), parts[2].begins(with: "HTTP/") else {
      throw Problem(.badRequest, "a request must begin with a method, a path and the version of HTTP")
    }
    takesChunks = parts[2].matches("HTTP/1.1")
    if !takesChunks && !parts[2].matches("HTTP/1.0") { throw Problem(.versionNotSupported, "only HTTP/1.1 and HTTP/1.0 are spoken here") }
    target = try Target(parts[1])
    guard let number = position(of: string(parts[0]), in: Method.names), let method = Method(rawValue: number) else {
      throw Problem(.notImplemented, "there is no method '\(excerpt(parts[0]))' here")
    }
    self.method = method
    let fields = try FramingFields(head.fields)
    if fields.hosts > 1 || (takesChunks && fields.hosts == 0) { throw Problem(.badRequest, "a request must have one Host") }
    if let coding = fields.coding { throw codingProblem(coding, hasLength: fields.length != nil, isKnown: takesChunks) }
    bodyLength = fields.length ?? 0
    if bodyLength > longestBody { throw Problem(.contentTooLarge, "a body must not be longer than \(longestBody) bytes") }
    // What HTTP/1.0 expects does not count (RFC 9110, section 10.1.1).
    expectsContinue = takesChunks && fields.expects
    keepsAlive = takesChunks && !fields.closes
  }
}

/// Why a body that comes in chunks is not taken: its length is not known in front. With a length beside, or in HTTP/1.0, or if the last coding is another one,
/// two readers find two ends (RFC 9112, sections 6.1 and 6.3).
@inline(never)
private func codingProblem(_ coding: [UInt8], hasLength: Bool, isKnown: Bool) -> Problem {
  if hasLength || !isKnown || !coding.suffix(7).matches("chunked") { return Problem(.badRequest, "the length of the body is ambiguous") }
  if coding.count > 7 { return Problem(.notImplemented, "there is no such transfer coding here") }
  return Problem(.lengthRequired, "a body must have a Content-Length; curl sends one with '--data-binary @FILE'")
}

/// What the fields of a request say of its body and of the connection. Others mean nothing here.
private struct FramingFields {
  var hosts = 0
  var length: UInt64?
  /// The last transfer coding, or all of them.
  var coding: [UInt8]?
  var expects = false
  var closes = false

  init(_ fields: [HeaderField]) throws(Problem) {
    for field in fields {
      guard let number = position(of: field.name, in: "host content-length transfer-encoding expect connection") else { continue }
      switch number {
      case 0:
        hosts += 1
        if !field.value.allSatisfy(isHostByte) { throw Problem(.badRequest, "the Host is not the name of one") }
      case 1:
        // A list of equal lengths is one to RFC 9110 (section 8.6), and another thing to many a reader.
        guard length == nil, !field.value.isEmpty, field.value.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
          throw Problem(.badRequest, "there must be one Content-Length, a number")
        }
        length = decimal(field.value[...]) ?? .max
      case 2:
        var all = coding ?? []
        all.append(contentsOf: lowerCase(field.value[...]))
        coding = all
      case 3:
        if !lowerCase(field.value[...])[...].matches("100-continue") { throw Problem(.expectationFailed, "only 100-continue can be expected") }
        expects = true
      default:
        for option in field.value.split(separator: 0x2C) where lowerCase(trimmed(option))[...].matches("close") { closes = true }
      }
    }
  }
}

/// Without what would make it more than a host and a port, or several: white space, `"`, `,`, `/`, `?`, `#`, `@`, `\`.
private func isHostByte(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x22, 0x23, 0x2C, 0x2F, 0x3F, 0x40, 0x5C: false
  default: byte > 0x20 && byte < 0x7F
  }
}

/// Reads requests as their bytes come.
///
/// What has come and was not asked for yet is kept: who uses it gives it no more bytes while it has a request to answer.
public struct RequestParser {
  private var reader = HeadReader()
  private let longestBody: UInt64

  public init(longestBody: UInt64) { self.longestBody = longestBody }

  public mutating func append(_ bytes: ArraySlice<UInt8>) { reader.bytes.append(bytes) }

  /// There is nothing of a request.
  public var isEmpty: Bool { reader.isEmpty }

  /// The next head; nil when its end has not come. Its body has to be taken before the next one.
  public mutating func head() throws(Problem) -> RequestHead? {
    guard let head = try reader.next() else { return nil }
    return try RequestHead(head, longestBody: longestBody)
  }

  /// The body of a head; nil when its end has not come.
  public mutating func body(of head: RequestHead) -> [UInt8]? { UInt64(reader.bytes.count) < head.bodyLength ? nil : reader.bytes.take(head.bodyLength) }
}
