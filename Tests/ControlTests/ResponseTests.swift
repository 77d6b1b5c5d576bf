import Testing

@testable import Control

/// What is made of the bytes of an answer that come in pieces: the status, the body, and how it ends.
private func answer(_ bytes: [UInt8], pieces: Int = .max, closes: Bool = true) -> (status: UInt64, isProblem: Bool, body: String, end: String) {
  var parser = ResponseParser()
  var body: [UInt8] = []
  var rest = bytes[...]
  do throws(Problem) {
    while true {
      inner: while true {
        switch try parser.next() {
        case .nothing: break inner
        case .head: if !body.isEmpty { return (0, false, "", "two heads") }
        case .body(let piece): body += piece
        case .end: return (parser.status, parser.isProblem, text(body), "end")
        }
      }
      if rest.isEmpty { break }
      parser.append(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
    }
    if !closes { return (parser.status, parser.isProblem, text(body), "open") }
    try parser.finish()
    return (parser.status, parser.isProblem, text(body), "end")
  } catch { return (parser.status, parser.isProblem, text(body), error.status == .badGateway ? error.detail : "another status") }
}

private func answer(_ text: String, pieces: Int = .max, closes: Bool = true) -> (status: UInt64, isProblem: Bool, body: String, end: String) {
  answer(Array(text.utf8), pieces: pieces, closes: closes)
}

@Suite("answers are written and read")
struct ResponseTests {
  @Test("a head says what the body is, how long it is, and whether the connection goes on")
  func heads() {
    #expect(
      text(responseHead(.ok, .json, .bytes(12), closes: false))
        == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n")
    #expect(
      text(responseHead(.methodNotAllowed, .problem, .bytes(0), closes: true, allowed: "GET, HEAD"))
        == "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: application/problem+json\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    #expect(
      text(responseHead(.ok, .jsonLines, .chunked, closes: false))
        == "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
    #expect(
      text(responseHead(.ok, .log, .untilClose, closes: true)) == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n")
  }

  @Test("each status has its line")
  func statuses() {
    let codes: [UInt64] = [200, 202, 400, 403, 404, 405, 408, 409, 411, 413, 414, 417, 422, 431, 500, 501, 502, 503, 505]
    #expect(HTTPStatus.allCases.map(\.code) == codes)
    #expect(HTTPStatus.badRequest.line == "400 Bad Request" && HTTPStatus.unprocessable.code == 422 && HTTPStatus.versionNotSupported.code == 505)
    #expect(ContentType.metrics.line == "text/plain; version=0.0.4; charset=utf-8")
  }

  @Test("a chunk has its size in front; an empty one would be the end", arguments: [1, 15, 16, 255, 256, 4096, 70000])
  func chunks(size: Int) {
    let bytes = [UInt8](repeating: 0x61, count: size)
    #expect(chunk(bytes[...]) == Array("\(String(size, radix: 16, uppercase: true))\r\n".utf8) + bytes + [0x0D, 0x0A])
    #expect(chunk([]) == [])
  }

  @Test("what is written is read, in pieces of every size", arguments: [1, 2, 3, 5, 17, 1000])
  func round(size: Int) {
    var stream = responseHead(.ok, .jsonLines, .chunked, closes: false)
    for piece in ["a\r\n", "", "0\r\n\r\n", String(repeating: "b", count: 300)] { stream += chunk(Array(piece.utf8)[...]) }
    let body = "a\r\n0\r\n\r\n" + String(repeating: "b", count: 300)
    #expect(answer(stream + lastChunk(), pieces: size, closes: false) == (200, false, body, "end"))
    #expect(answer(stream, pieces: size, closes: false) == (200, false, body, "open"))
    #expect(answer(stream, pieces: size).end == "the answer has no end")
    let problem = Problem(.forbidden, "no")
    let document = problem.document()
    let whole = responseHead(problem.status, .problem, .bytes(document.count), closes: false) + document
    #expect(answer(whole, pieces: size, closes: false) == (403, true, text(document), "end"))
    #expect(answer(Array(whole.dropLast()), pieces: size).end == "the answer has no end")
    let old = responseHead(.ok, .log, .untilClose, closes: true) + Array("abc".utf8)
    #expect(answer(old, pieces: size) == (200, false, "abc", "end"))
    #expect(answer(old, pieces: size, closes: false).end == "open")
  }

  @Test(
    "what other servers may write as well",
    arguments: [
      ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 \r\nContent-Length: 1\r\n\r\nx", 202, "x"), ("HTTP/1.0 200\r\n\r\nabc", 200, "abc"),
      ("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n003;a=b\r\nabc\r\n0;x\r\nTrailer: y\r\n\r\n", 200, "abc"),
      ("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", 204, ""), ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na \r\n0123456789\r\n0\r\n\r\n", 200, "0123456789"),
    ])
  func others(text: String, status: UInt64, body: String) { #expect(answer(text) == (status, false, body, "end")) }

  @Test(
    "what is no answer is told in one sentence",
    arguments: [
      ("", ""), ("HTTP/1.1 200 OK\r\n", ""), ("HTTP/2 200\r\n\r\n", "version"), ("SSH-2.0-x\r\n\r\n", "version"), ("HTTP/1.1 20 OK\r\n\r\n", "version"),
      ("HTTP/1.1 2000\r\n\r\n", "version"), ("HTTP/1.1 099 OK\r\n\r\n", "version"), ("HTTP/1.1  200 OK\r\n\r\n", "version"), ("HTTP/1.1\r\n\r\n", "version"),
      ("HTTP/1.1 101 Switching\r\n\r\n", "protocol"), ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", "Content-Length"),
      ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nx", "Content-Length"), ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx", "coding"),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\nx", "coding"),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", "ambiguous"),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "size"), ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "size"),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "size"),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n", "size"),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "a chunk is longer"),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\na", "CR LF"), ("HTTP/1.1 200 OK\nContent-Length: 0\n\n", "CR LF"),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + String(repeating: "a: \(String(repeating: "b", count: 3000))\r\n", count: 3), "too much"),
    ])
  func faults(text: String, word: String) {
    let end = answer(text).end
    #expect(word.isEmpty ? end == "the answer has no end" : end.hasPrefix("the answer is not one of HTTP/1.1: ") && end.contains(word), "\(end)")
  }

  @Test("a problem is a document of RFC 9457, and its sentence is found in it again")
  func problems() {
    let plain = Problem(.notFound, "there is no application 'x'")
    #expect(text(plain.document()) == #"{"title":"Not Found","status":404,"detail":"there is no application 'x'"}"#)
    #expect(Problem.sentence(in: plain.document()) == "there is no application 'x'")
    let fault = Problem(.unprocessable, "unknown key", path: "services.a.\"b")
    #expect(text(fault.document()) == #"{"title":"Unprocessable Content","status":422,"detail":"unknown key","path":"services.a.\"b"}"#)
    #expect(Problem.sentence(in: fault.document()) == "services.a.\"b: unknown key")
    for other in ["", "x", "[]", "{}", #"{"detail": 1}"#, #"{"detail": "a", "path": 1}"#] { #expect(Problem.sentence(in: Array(other.utf8)) == nil) }
  }
}
