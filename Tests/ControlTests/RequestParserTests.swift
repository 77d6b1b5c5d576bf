import Testing

@testable import Control

@Suite("requests are read as their bytes come")
struct RequestParserTests {
  @Test("method, path, query and what the connection is for, of what clients send")
  func taken() throws {
    let curl = "GET /v1/events?since=10m&follow=true HTTP/1.1\r\nHost: localhost\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n"
    let (requests, problem) = parsed(curl)
    try #require(problem == nil && requests.count == 1)
    let head = requests[0].head
    #expect(head.method == .get && head.target.segments == ["v1", "events"] && head.bodyLength == 0)
    #expect(head.target.query == ["since", "10m", "follow", "true"])
    #expect(head.keepsAlive && head.takesChunks && !head.expectsContinue)
  }

  @Test(
    "what a path and a query stand for",
    arguments: [
      ("/", [""], []), ("/a%20b/%C3%BC", ["a b", "ü"], []), ("/a?", ["a"], []), ("/a?b", ["a"], ["b", ""]), ("/a?b=c=d&e=%26", ["a"], ["b", "c=d", "e", "&"]),
      ("/a/", ["a", ""], []), ("//a", ["", "a"], []), ("/...", ["..."], []), ("/a?x=../y?", ["a"], ["x", "../y?"]), ("/a?b=1+2", ["a"], ["b", "1+2"]),
      ("/a?&", ["a"], ["", "", "", ""]), ("/a?%30b", ["a"], ["0b", ""]),
    ] as [(String, [String], [String])])
  func targets(target: String, segments: [String], query: [String]) throws {
    let (requests, problem) = parsed(message("GET \(target)"))
    try #require(problem == nil)
    #expect(requests[0].head.target.segments == segments)
    #expect(requests[0].head.target.query == query)
  }

  @Test(
    "a first line that two readers could take differently is refused",
    arguments: [
      "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\rHost: a\r\n\r\n", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /\r\n\r\n", "GET / \r\n\r\n", "GET / http/1.1\r\nHost: a\r\n\r\n", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 x\r\nHost: a\r\n\r\n",
      "GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
      "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\nx",
    ])
  func firstLines(text: String) { expectAmbiguous(text) }

  @Test(
    "a target that two readers could take differently is refused",
    arguments: [
      "http://a/", "a:80", "*", "a", "", "/a#b", "/\\", "/ü", "/<", "/a%00", "/a?b=%00", "/%", "/%2", "/%2x", "/%+1", "/a?%", "/%FF", "/%C0%AF", "/a?b=%80",
      "/a/..", "/./a", "/%2e%2E/a", "/.%2e", "/..?a=b", "/a%2Fb",
    ])
  func refusedTargets(target: String) { expectAmbiguous(message("GET \(target)")) }

  @Test(
    "fields that two readers could take differently are refused",
    arguments: [
      "X : a", " X: a", "\tX: a", "X: a\r\n b", "X: a\r\n\tb", ": a", "X", "X(: a", "X: \u{0}", "X: \u{1B}", "X: \r ", "X: \u{7F}", "X: a\n", "\r",
      "hOST: a", "Host : a", "Content-Length: 1\r\nContent-Length: 1", "Content-Length: 1, 1", "Content-Length: +1", "Content-Length: -1", "Content-Length:",
      "Content-Length: 0x1", "Content-Length: 1 1", "Content-Length: 1\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 1",
      "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, gzip", "Transfer-Encoding:",
    ])
  func refusedFields(fields: String) { expectAmbiguous("PUT / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\nx") }

  @Test("a Host that is more than one host, or none, is refused", arguments: ["a b", "a,b", "a/b", "u@a", "a?b", "a#b", "a\\b", "\"a\"", "ü"])
  func refusedHosts(host: String) { expectAmbiguous("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") }

  private func expectAmbiguous(_ text: String) {
    let (requests, problem) = parsed(text)
    #expect(requests.isEmpty && problem?.status == .badRequest)
  }

  @Test("a Host may be what it is for a unix socket", arguments: ["", "localhost", "127.0.0.1:80", "[::1]:80", "%2Frun%2Fapus.sock"])
  func hosts(host: String) { #expect(parsed("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").requests.count == 1) }

  @Test(
    "what is not done here has a status of its own",
    arguments: [
      ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", HTTPStatus.lengthRequired),
      ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", .lengthRequired),
      ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .notImplemented),
      ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", .notImplemented),
      ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", .contentTooLarge),
      ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", .contentTooLarge),
      ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", .expectationFailed),
      ("PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", .notImplemented), ("get / HTTP/1.1\r\nHost: a\r\n\r\n", .notImplemented),
      ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", .versionNotSupported), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .versionNotSupported),
    ])
  func notDone(text: String, status: HTTPStatus) {
    let (requests, problem) = parsed(text)
    #expect(requests.isEmpty && problem?.status == status)
  }

  @Test("names of fields have no case, and white space around values does not count")
  func fields() throws {
    let (requests, problem) = parsed("PUT / HTTP/1.1\r\nhOsT:a\r\nCONTENT-LENGTH: \t 2 \t\r\nexpect: 100-Continue\r\nConnection: x, Close\r\n\r\nab")
    try #require(problem == nil && requests.count == 1)
    #expect(requests[0].body == Array("ab".utf8) && requests[0].head.expectsContinue && !requests[0].head.keepsAlive)
  }

  @Test("HTTP/1.0 needs no Host, is for one request, and expects nothing")
  func old() throws {
    let (requests, problem) = parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n")
    try #require(problem == nil && requests.count == 1)
    #expect(!requests[0].head.keepsAlive && !requests[0].head.takesChunks && !requests[0].head.expectsContinue)
  }

  @Test("requests one behind the other are the same in pieces of every size", arguments: [1, 2, 3, 7, 64, 1000])
  func pieces(size: Int) throws {
    let sent =
      "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na\r\n\r\n" + message("GET /b") + "PUT /c HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    let (requests, problem) = parsed(sent, pieces: size)
    try #require(problem == nil)
    #expect(requests.map { $0.head.target.segments } == [["a"], ["b"], ["c"]])
    #expect(requests.map { text($0.body) } == ["a\r\n\r\n", "", ""])
    // A fault in the second one is found after the first one.
    let (before, fault) = parsed(message("GET /a") + "GET /b\r\n\r\n", pieces: size)
    #expect(before.count == 1 && fault?.status == .badRequest)
  }

  @Test("a request that has not come as a whole is none")
  func unfinished() {
    let whole = "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde"
    for count in 0..<whole.utf8.count {
      let (requests, problem) = parsed(String(decoding: whole.utf8.prefix(count), as: UTF8.self))
      #expect(requests.isEmpty && problem == nil)
    }
    #expect(parsed(whole).requests.count == 1)
  }

  @Test("a head has limits, which are told as soon as they are passed")
  func limits() {
    func filled(_ count: Int) -> String { String(repeating: "x", count: count) }
    // "GET / HTTP/1.1" without the path is 13.
    #expect(parsed("GET /\(filled(4082)) HTTP/1.1\r\nHost: a\r\n\r\n").requests.count == 1)
    #expect(parsed("GET /\(filled(4083)) HTTP/1.1\r\nHost: a\r\n\r\n").problem?.status == .uriTooLong)
    #expect(parsed(filled(4098)).problem?.status == .uriTooLong)
    #expect(parsed(message("GET /", "X: \(filled(4093))")).requests.count == 1)
    #expect(parsed(message("GET /", "X: \(filled(4094))")).problem?.status == .headersTooLarge)
    #expect(parsed("GET / HTTP/1.1\r\n\(filled(4098))").problem?.status == .headersTooLarge)
    // 30 bytes besides these fields, and 5 for each of them.
    #expect(parsed(message("GET /", "X: \(filled(4076))", "Y: \(filled(4076))")).requests.count == 1)
    #expect(parsed(message("GET /", "X: \(filled(4076))", "Y: \(filled(4077))")).problem?.status == .headersTooLarge)
    let fields = String(repeating: "X: y\r\n", count: 63)
    #expect(parsed("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n").requests.count == 1)
    #expect(parsed("GET / HTTP/1.1\r\nHost: a\r\n\(fields)X: y\r\n\r\n").problem?.status == .headersTooLarge)
    // The next head is counted anew.
    #expect(parsed(String(repeating: message("GET /", "X: \(filled(4000))"), count: 4)).requests.count == 4)
  }

  @Test("a problem is one line, whatever the request has in it")
  func lines() throws {
    let problem = try #require(parsed("\u{1B}[2J / HTTP/1.1\r\n\r\n").problem)
    #expect(!problem.detail.utf8.contains { $0 < 0x20 })
    #expect(parsed("A~!# / HTTP/1.1\r\nHost: a\r\n\r\n").problem?.detail == "there is no method 'A~!#' here")
  }
}
