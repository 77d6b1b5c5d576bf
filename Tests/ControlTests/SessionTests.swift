import Supervisor
import Testing

@testable import Control

private let reader = Caller(uid: 1000, gid: 1000, pid: 5)

/// A session that has got some bytes.
private func session(_ bytes: String, _ caller: Caller = root) throws -> ControlSession {
  let session = ControlSession(caller, try ControlPolicy(parsing: Array(#"{"grants": [{"uid": 1000, "rights": ["read"]}]}"#.utf8)))
  session.receive(Array(bytes.utf8)[...])
  return session
}

/// The first line of what a session has to send, and whether the connection ends behind it.
private func outcome(_ session: ControlSession) -> String {
  let output = text(session.takeOutput())
  return "\(output.prefix { $0 != "\r\n" })\(output.contains("Connection: close\r\n") ? " close" : "")\(session.isClosing ? " closing" : "")"
}

private let put = "PUT /v1/applications/a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"

@Suite("a connection, from bytes to requests and from answers to bytes")
struct SessionTests {
  @Test("requests are answered one after the other, though they come together")
  func together() throws {
    let session = try session(message("GET /v1/version") + put + "\r\nabc" + message("HEAD /v1/version") + message("GET /metrics", "Connection: close"))
    let first = try #require(session.next())
    #expect(first.operation == .version && !session.wantsBytes && session.next() == nil)
    session.answer(.ok, .json, Array("{}".utf8))
    #expect(text(session.takeOutput()) == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" && !session.isClosing)
    let second = try #require(session.next())
    #expect(second.operation == .install && second.application == "a" && text(second.body) == "abc")
    session.fail(Problem(.unprocessable, "no", path: "services"))
    #expect(outcome(session) == "HTTP/1.1 422 Unprocessable Content")
    #expect(try #require(session.next()).operation == .version)
    session.answer(.ok, .json, Array("{}".utf8))
    #expect(text(session.takeOutput()).hasSuffix("Content-Length: 2\r\n\r\n"))
    #expect(try #require(session.next()).operation == .metrics)
    session.answer(.ok, .metrics, [])
    #expect(outcome(session) == "HTTP/1.1 200 OK close closing")
    #expect(session.next() == nil && !session.wantsBytes && session.takeOutput().isEmpty)
  }

  @Test("what is wrong is answered without anybody's help, and the connection goes on where the next request is known to begin")
  func problems() throws {
    for (bytes, expected) in [
      (message("GET /x"), "HTTP/1.1 404 Not Found"), (message("PUT /metrics"), "HTTP/1.1 405 Method Not Allowed"),
      (message("GET /v1/version?x=1"), "HTTP/1.1 400 Bad Request"), (message("GET /x", "Connection: close"), "HTTP/1.1 404 Not Found close closing"),
      ("PUT /v1/applications/A HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 400 Bad Request close closing"),
      ("x\r\n\r\n", "HTTP/1.1 400 Bad Request close closing"),
      ("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request close closing"), (message("BREW /"), "HTTP/1.1 501 Not Implemented close closing"),
      ("GET /x HTTP/1.0\r\n\r\n", "HTTP/1.1 404 Not Found close closing"),
      ("PUT /v1/applications/a HTTP/1.1\r\nHost: a\r\nContent-Length: 262145\r\n\r\n", "HTTP/1.1 413 Content Too Large close closing"),
    ] {
      let session = try session(bytes)
      #expect(session.next() == nil)
      #expect(outcome(session) == expected, "\(bytes)")
    }
    // Behind a fault that leaves the connection open there is the next request; behind another one there is nothing any more.
    #expect(try session(message("GET /x") + message("GET /metrics")).next()?.operation == .metrics)
    let closed = try session("x\r\n\r\n")
    #expect(closed.next() == nil)
    closed.receive(Array(message("GET /metrics").utf8)[...])
    #expect(closed.next() == nil)
  }

  @Test("who may not do it is told before the body comes, and does not get to know what there is")
  func forbidden() throws {
    let waiting = try session(put + "Expect: 100-continue\r\n\r\n", reader)
    #expect(waiting.next() == nil)
    #expect(outcome(waiting) == "HTTP/1.1 403 Forbidden close closing")
    let stop = try session(message("POST /v1/applications/a/stop"), reader)
    #expect(stop.next() == nil)
    #expect(outcome(stop) == "HTTP/1.1 403 Forbidden")
    #expect(try session(message("GET /v1/applications/a"), reader).next()?.operation == .status)
  }

  @Test("a client that waits to send its body is told to, once")
  func expects() throws {
    let session = try session(put + "Expect: 100-continue\r\n\r\n")
    #expect(session.next() == nil && text(session.takeOutput()) == "HTTP/1.1 100 Continue\r\n\r\n")
    session.receive(Array("ab".utf8)[...])
    #expect(session.next() == nil && session.takeOutput().isEmpty && session.wantsBytes)
    session.receive(Array("c".utf8)[...])
    #expect(try text(#require(session.next()).body) == "abc" && session.takeOutput().isEmpty)
    session.answer(.accepted, .json, [])
    #expect(outcome(session) == "HTTP/1.1 202 Accepted")
    // Whose body is there already is not told.
    let quick = try ControlTests.session(put + "Expect: 100-continue\r\n\r\nabc")
    #expect(quick.next() != nil && quick.takeOutput().isEmpty)
  }

  @Test("a client that does not go on is told so, and one that has not begun is not")
  func timeouts() throws {
    for bytes in ["GET /v1/ver", put + "\r\nab"] {
      let session = try session(bytes)
      #expect(session.next() == nil && !session.isIdle)
      session.fail(Problem(.requestTimeout, "the request took too long"))
      #expect(outcome(session) == "HTTP/1.1 408 Request Timeout close closing")
    }
    let session = try session("")
    #expect(session.isIdle && session.next() == nil)
    session.receive(Array(message("GET /v1/version").utf8)[...])
    #expect(!session.isIdle && session.next() != nil && !session.isIdle)
    session.answer(.ok, .json, [])
    #expect(session.isIdle)
    // Nothing is answered twice.
    session.receive(Array("x\r\n\r\n".utf8)[...])
    #expect(session.next() == nil && session.isClosing && !session.isIdle && !session.takeOutput().isEmpty)
    session.answer(.ok, .json, [])
    #expect(session.takeOutput().isEmpty)
  }

  @Test("a manifest is that of the application in the path, or its fault is told with its place")
  func manifests() throws {
    func outcome(_ body: String) -> String {
      let request = ControlRequest(.install, application: "shop")
      request.body = Array(body.utf8)
      do throws(Problem) { return try request.manifest().name } catch { return "\(error.status.code) \(error.path): \(error.detail)" }
    }
    let services = #""services": {"a": {"image": "i", "network_mode": "none"}}"#
    #expect(outcome("{\"name\": \"shop\", \(services)}") == "shop")
    #expect(outcome("{\"name\": \"cache\", \(services)}") == "422 name: it is another name than that in the path")
    #expect(outcome(#"{"name": "shop"}"#).hasPrefix("422 services: "))
    #expect(outcome("{").hasPrefix("422 : line 1, column 2: "))
  }

  @Test("a stream is sent in chunks, and the connection goes on behind it")
  func streams() throws {
    let session = try session(message("GET /v1/events?follow=true") + message("GET /metrics"))
    #expect(session.next()?.follows == true)
    session.beginStream(.jsonLines)
    #expect(session.isStreaming && !session.wantsBytes && text(session.takeOutput()).hasSuffix("Transfer-Encoding: chunked\r\n\r\n"))
    session.send(Array("{}\n".utf8)[...])
    session.send([])
    #expect(text(session.takeOutput()) == "3\r\n{}\n\r\n" && session.next() == nil)
    session.endStream()
    #expect(text(session.takeOutput()) == "0\r\n\r\n" && !session.isStreaming && !session.isClosing)
    #expect(session.next()?.operation == .metrics)
  }

  @Test("a stream for HTTP/1.0 ends with the connection, and HEAD gets none")
  func plainStreams() throws {
    let old = try session("GET /v1/events HTTP/1.0\r\n\r\n")
    #expect(old.next() != nil)
    old.beginStream(.jsonLines)
    old.send(Array("{}\n".utf8)[...])
    old.endStream()
    #expect(text(old.takeOutput()) == "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n{}\n" && old.isClosing)
    let head = try session(message("HEAD /v1/events"))
    #expect(head.next() != nil)
    head.beginStream(.jsonLines)
    #expect(!head.isStreaming && head.wantsBytes && text(head.takeOutput()).hasSuffix("Transfer-Encoding: chunked\r\n\r\n"))
    head.send(Array("{}\n".utf8)[...])
    head.endStream()
    #expect(head.takeOutput().isEmpty)
    let last = try session(message("GET /v1/events", "Connection: close"))
    #expect(last.next() != nil)
    last.beginStream(.jsonLines)
    last.endStream()
    #expect(outcome(last) == "HTTP/1.1 200 OK close closing")
  }

  @Test("what a client sends and what it gets fit together", arguments: [1, 3, 4096])
  func client(pieces: Int) throws {
    let request = ControlRequest(.install, application: "shop")
    request.body = Array(String(repeating: "x", count: 5000).utf8)
    let session = try session("")
    var rest = request.message()[...]
    while !rest.isEmpty {
      #expect(session.next() == nil)
      session.receive(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
    }
    #expect(try #require(session.next()).body == request.body)
    session.fail(Problem(.unprocessable, "missing", path: "services"))
    var parser = ResponseParser()
    parser.append(session.takeOutput()[...])
    guard case .head = try parser.next(), case .body(let body) = try parser.next(), case .end = try parser.next() else {
      Issue.record("not an answer")
      return
    }
    #expect(parser.status == 422 && parser.isProblem && Problem.sentence(in: body) == "services: missing")
  }
}
