internal import JSON
internal import Linux

/// What an answer is about (RFC 9110, section 15), as far as it is used here. The cases are in the order of `lines`.
public enum HTTPStatus: UInt8, CaseIterable, Sendable {
  case ok, accepted
  case badRequest, forbidden, notFound, methodNotAllowed, requestTimeout, conflict, lengthRequired, contentTooLarge, uriTooLong, expectationFailed
  case unprocessable, headersTooLarge
  case internalError, notImplemented, badGateway, unavailable, versionNotSupported

  private static var lines: Literal {
    """
    200 OK
    202 Accepted
    400 Bad Request
    403 Forbidden
    404 Not Found
    405 Method Not Allowed
    408 Request Timeout
    409 Conflict
    411 Length Required
    413 Content Too Large
    414 URI Too Long
    417 Expectation Failed
    422 Unprocessable Content
    431 Request Header Fields Too Large
    500 Internal Server Error
    501 Not Implemented
    502 Bad Gateway
    503 Service Unavailable
    505 HTTP Version Not Supported
    """
  }

  /// Such as `404 Not Found`.
  public var line: String { Control.line(rawValue, of: HTTPStatus.lines) }

  /// Such as 404.
  public var code: UInt64 { decimal(line.utf8.prefix(3)) ?? 0 }
}

/// The line at a position, counted from 0; empty behind the last one.
@inline(never)
func line(_ position: UInt8, of lines: Literal) -> String {
  var start = lines.start
  for _ in 0..<position {
    while start[0] != 0 && start[0] != 0x0A { start += 1 }
    if start[0] != 0 { start += 1 }
  }
  var count = 0
  while start[count] != 0 && start[count] != 0x0A { count += 1 }
  return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
}

/// A document that is one object.
@inline(never)
func objectDocument(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
  var writer = JSONWriter()
  writer.object(body)
  return writer.bytes()
}

/// Why a request is not answered with what it asks for, and why an answer cannot be read: one sentence. It becomes a document of its own kind (RFC 9457).
public final class Problem: Error, Sendable {
  public let status: HTTPStatus
  /// The sentence.
  public let detail: String
  /// Where in the document that was sent; empty: nowhere.
  public let path: String
  /// With `methodNotAllowed`, the methods that there are, with commas between.
  public let allowed: String

  @inline(never)
  @_disfavoredOverload
  public init(_ status: HTTPStatus, _ detail: Text, path: String = "", allowed: String = "") {
    self.status = status
    self.detail = detail.string
    self.path = path
    self.allowed = allowed
  }

  /// A sentence without values is a pointer where it is given.
  @inline(never)
  public convenience init(_ status: HTTPStatus, _ detail: Literal) { self.init(status, Text(detail)) }

  /// The document that says it, `application/problem+json`. There are no types of problems besides the status, so there is no `type`.
  public func document() -> [UInt8] {
    objectDocument { writer in
      writer.member("title", string(status.line.utf8.dropFirst(4)))
      writer.member("status", status.code)
      writer.member("detail", detail)
      if path.utf8.count > 0 { writer.member("path", path) }
    }
  }

  /// The sentence in such a document, after the path where it has one; nil when it is no such document.
  public static func sentence(in document: [UInt8]) -> String? {
    guard let json = try? JSONValue(parsing: document, limits: JSONLimits(bytes: 64 << 10, depth: 8, nodes: 1000)), json.kind == .object else { return nil }
    let detail = json.required("detail").string()
    let path = json.string("path") ?? ""
    do throws(JSONPathError) { try json.check() } catch { return nil }
    return path.utf8.count > 0 ? Text("\(path): \(detail)").string : detail
  }
}
