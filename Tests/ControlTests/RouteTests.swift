import Linux
import Testing

@testable import Control

@Suite("a request becomes what it asks for")
struct RouteTests {
  @Test("every operation has its row, and is found by it")
  func rows() throws {
    #expect(Operation.table.description.split(separator: "\n").count == Operation.allCases.count)
    for operation in Operation.allCases {
      let route = operation.route
      let request = try request("\(route.method) \(route.path(of: "shop"))").get()
      #expect(request.operation == operation && request.application == (route.path.contains("*") ? "shop" : ""))
      #expect((route.right == nil) == (operation == .version))
    }
  }

  @Test("what a client writes is what the server reads")
  func round() throws {
    let values: [(ControlRequest.Parameter, String)] = [
      (.service, "Web.1"), (.after, "18446744073709551615"), (.since, "2000-02-29T00:00:00.5+01:00"), (.until, "1m30s"), (.tail, "0"), (.follow, "true"),
      (.timestamps, "1"), (.format, "json"),
    ]
    for operation in Operation.allCases {
      let sent = ControlRequest(operation, application: operation.route.path.contains("*") || operation == .events ? "shop_2-a" : "")
      sent.body = operation.takesBody ? Array("{\r\n}".utf8) : []
      for (parameter, value) in values where operation.route.parameters.contains("\(parameter)") { #expect(sent.set(parameter, value)) }
      let (requests, problem) = parsed(text(sent.message()))
      try #require(problem == nil && requests.count == 1)
      let read = try ControlRequest(requests[0].head)
      #expect(read.operation == operation && read.application == sent.application && requests[0].body == sent.body)
      #expect(read.service == sent.service && read.after == sent.after && read.tail == sent.tail && read.isJSON == sent.isJSON)
      #expect(read.since?.text == sent.since?.text && read.until?.text == sent.until?.text)
      #expect(read.follows == sent.follows && read.hasTimestamps == sent.hasTimestamps)
      #expect(operation != .logs || (read.isJSON && read.follows && read.hasTimestamps && read.until?.text == "90000ms" && read.tail == 0))
    }
  }

  @Test("a parameter that cannot be is not taken, and what was there before stays")
  func setting() {
    let request = ControlRequest(.logs, application: "shop")
    #expect(request.set(.since, "1s") && !request.set(.since, "x") && request.since?.text == "1000ms")
    #expect(!request.set(.service, "") && request.service == nil && !request.set(.tail, "-1") && request.tail == nil)
    #expect(request.set(.follow, "0") && !request.follows && !request.set(.format, "") && !request.isJSON)
  }

  @Test("parameters are there at most once and have values of their own")
  func parameters() throws {
    let logs = try request("GET /v1/applications/shop/logs?service=web&since=1h&until=2026-11-28T00:00:00Z&tail=10&follow=1&timestamps=false&format=json").get()
    #expect(logs.service == "web" && logs.since?.text == "3600000ms" && logs.until?.text == "2026-11-28T00:00:00.000000000Z" && logs.tail == 10)
    #expect(logs.follows && !logs.hasTimestamps && logs.isJSON)
    let plain = try request("GET /v1/applications/shop/logs").get()
    #expect(plain.service == nil && plain.since == nil && plain.until == nil && plain.tail == nil && !plain.follows && !plain.isJSON)
    let events = try request("GET /v1/events?application=shop&after=17").get()
    #expect(events.operation == .events && events.application == "shop" && events.after == 17)
  }

  @Test(
    "what a parameter may not be is refused",
    arguments: [
      ("/v1/events?x=1", "the parameter 'x' is not known here"), ("/v1/events?tail=1", "the parameter 'tail' is not known here"),
      ("/v1/events?", nil), ("/v1/events?&", "the parameter '' is not known here"), ("/v1/version?follow=true", "the parameter 'follow' is not known here"),
      ("/v1/events?follow=true&follow=true", "the parameter 'follow' is there twice"),
      ("/v1/events?follow", "the parameter 'follow' does not have such a value"),
      ("/v1/events?follow=yes", "the parameter 'follow' does not have such a value"),
      ("/v1/events?after=-1", "the parameter 'after' does not have such a value"),
      ("/v1/events?after=", "the parameter 'after' does not have such a value"), ("/v1/events?since=", "the parameter 'since' does not have such a value"),
      ("/v1/events?after=18446744073709551616", "the parameter 'after' does not have such a value"),
      ("/v1/events?since=yesterday", "the parameter 'since' does not have such a value"),
      ("/v1/events?since=10", "the parameter 'since' does not have such a value"),
      ("/v1/events?application=A", "the parameter 'application' does not have such a value"),
      ("/v1/events?application=", "the parameter 'application' does not have such a value"),
      ("/v1/applications/a/logs?format=xml", "the parameter 'format' does not have such a value"),
      ("/v1/applications/a/logs?service=%2e.", "the parameter 'service' does not have such a value"),
      ("/v1/applications/a/logs?service=a%0Ab", "the parameter 'service' does not have such a value"),
      ("/v1/applications/A", "the path does not have the name of an application"),
      ("/v1/applications/a.b", "the path does not have the name of an application"),
      ("/v1/applications/", "the path does not have the name of an application"), ("/v1/applications/*", "the path does not have the name of an application"),
      ("/v1/applications/%0A/logs", "the path does not have the name of an application"),
    ] as [(String, String?)])
  func refused(target: String, sentence: String?) {
    let problem = problem("GET \(target)")
    #expect(problem?.detail == sentence && (problem == nil || problem?.status == .badRequest))
  }

  @Test(
    "a path that nothing is about is another fault than a method that it does not have",
    arguments: [
      ("GET /", 404, ""), ("GET /v1", 404, ""), ("GET /v2/version", 404, ""), ("GET /v1/Version", 404, ""), ("GET //v1/version", 404, ""),
      ("GET /v1/version/", 404, ""),
      ("GET /v1/applications/a/x", 404, ""), ("GET /v1/applications/a/logs/x", 404, ""), ("GET /v1//logs", 404, ""),
      ("POST /v1/version", 405, "GET, HEAD"), ("DELETE /v1/applications", 405, "GET, HEAD"), ("POST /v1/applications/a", 405, "GET, HEAD, PUT, DELETE"),
      ("GET /v1/applications/a/start", 405, "POST"), ("HEAD /v1/applications/a/start", 405, "POST"), ("PUT /metrics", 405, "GET, HEAD"),
    ])
  func missing(line: String, code: UInt64, allowed: String) {
    let problem = problem(line)
    #expect(problem?.status.code == code && problem?.allowed == allowed)
  }

  @Test("HEAD is for what GET is for, and a body is only where there is one to be")
  func heads() throws {
    #expect(try request("HEAD /v1/applications/a").get().operation == .status)
    let (requests, _) = parsed("POST /v1/applications/a/start HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
    #expect(throws: Problem.self) { try ControlRequest(requests[0].head) }
    let (puts, _) = parsed("PUT /v1/applications/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
    #expect(try ControlRequest(puts[0].head).operation == .install)
  }

  @Test(
    "a moment is a time of RFC 3339, or a duration before now",
    arguments: [
      ("1970-01-01T00:00:00Z", 0, 0), ("2000-02-29T12:34:56Z", 951_827_696, 0), ("2026-11-28T05:53:21.5Z", 1_795_845_201, 500_000_000),
      ("2026-11-28T06:53:21.000000001+01:00", 1_795_845_201, 1), ("2026-11-27T23:53:21-06:00", 1_795_845_201, 0), ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
      ("1970-01-01T05:30:00+05:30", 0, 0),
    ])
  func moments(text: String, seconds: UInt64, nanoseconds: UInt32) throws {
    guard case .at(let time) = try #require(Moment(text)) else {
      Issue.record("not a time")
      return
    }
    #expect(time.seconds == seconds && time.nanoseconds == nanoseconds)
    #expect(Timestamp(rfc3339: time.preciseText)?.seconds == seconds)
  }

  @Test(
    "what is no moment is refused",
    arguments: [
      "", "x", "10", "-1s", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01t00:00:00Z", "1970-01-01 00:00:00Z", "1970-01-01T00:00:00z", "1969-12-31T23:59:59Z",
      "1970-01-01T00:00:00+00:01", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z",
      "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z",
      "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00Zx",
      "2026-01-01T00:00:00", "+026-01-01T00:00:00Z", "2026-01-01T00:00:00,5Z", "1h 2m",
    ])
  func noMoments(text: String) { #expect(Moment(text) == nil) }

  @Test("each day is what the other direction makes of it")
  func days() throws {
    for day in stride(from: UInt64(0), to: 150_000, by: 13) {
      let time = Timestamp(seconds: day * 86_400 + day % 86_400)
      #expect(Timestamp(rfc3339: time.text)?.seconds == time.seconds)
    }
  }
}
