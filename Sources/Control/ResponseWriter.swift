/// What an answer's body is. The cases are in the order of `lines`.
public enum ContentType: UInt8, Sendable {
  case json, problem
  /// A JSON document in each line.
  case jsonLines
  /// What a service has written, as it has written it.
  case log
  /// The text format of Prometheus, version 0.0.4.
  case metrics

  private static var lines: Literal {
    """
    application/json
    application/problem+json
    application/x-ndjson
    text/plain
    text/plain; version=0.0.4; charset=utf-8
    """
  }

  var line: String { Control.line(rawValue, of: ContentType.lines) }
}

/// How long a body is.
enum BodyLength {
  case bytes(Int)
  /// It comes in chunks, the last of which is empty (RFC 9112, section 7.1).
  case chunked
  /// It ends with the connection.
  case untilClose
}

/// The head of an answer. There is no Date: a device may not know it (RFC 9110, section 6.6.1).
///
/// - closes: the connection ends behind it.
func responseHead(_ status: HTTPStatus, _ type: ContentType, _ length: BodyLength, closes: Bool, allowed: String = "") -> [UInt8] {
  var head = Text("HTTP/1.1 \(status.line)\r\nContent-Type: \(type.line)\r\n").string
  if allowed.utf8.count > 0 { head = Text("\(head)Allow: \(allowed)\r\n").string }
  switch length {
  case .bytes(let count): head = Text("\(head)Content-Length: \(count)\r\n").string
  case .chunked: head = Text("\(head)Transfer-Encoding: chunked\r\n").string
  case .untilClose: break
  }
  let connection: Literal = closes ? "Connection: close\r\n\r\n" : "\r\n"
  return Array(Text("\(head)\(connection)").string.utf8)
}

/// A chunk of a body. Empty bytes make none: an empty chunk would be the end.
func chunk(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
  if bytes.isEmpty { return [] }
  var size: [UInt8] = []
  var shift = 64
  while shift > 0 {
    shift -= 4
    let digit = UInt8(truncatingIfNeeded: UInt64(bytes.count) >> UInt64(shift)) & 15
    if digit > 0 || !size.isEmpty { size.append(hexDigit(digit)) }
  }
  var chunk = size
  chunk.append(contentsOf: lineEnd)
  chunk.append(contentsOf: bytes)
  chunk.append(contentsOf: lineEnd)
  return chunk
}

/// What ends a body in chunks.
func lastChunk() -> [UInt8] { Array(("0\r\n\r\n" as Literal).bytes) }

private var lineEnd: UnsafeBufferPointer<UInt8> { ("\r\n" as Literal).bytes }
