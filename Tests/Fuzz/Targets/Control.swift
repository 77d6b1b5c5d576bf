import OCI

@testable import Control

/// What a client sends to the socket: the same requests whatever the size of the pieces, which our client can make as well; what comes before the end of a
/// connection is an answer.
func fuzzHTTP(_ input: [UInt8]) {
  guard let first = input.first else { return }
  let bytes = input.dropFirst()
  let whole = outcome(bytes, pieces: bytes.count + 1)
  require(whole == outcome(bytes, pieces: Int(first & 15) + 1), "pieces of another size are the same requests")
}

/// The requests of a connection, and behind them the answers.
private func outcome(_ bytes: ArraySlice<UInt8>, pieces: Int) -> [UInt8] {
  let session = ControlSession(Caller(uid: 0, gid: 0, pid: 1), ControlPolicy())
  var requests: [UInt8] = []
  var answers: [UInt8] = []
  var rest = bytes
  while true {
    while let request = session.next() {
      requireSame(request)
      requests += request.message()
      if request.operation == .logs || request.operation == .events {
        session.beginStream(.jsonLines)
        session.send(Array("a\r\n\r\n0\r\n\r\n".utf8)[...])
        session.endStream()
      } else {
        session.answer(.ok, .json, Array("{}".utf8))
      }
    }
    var output = session.takeOutput()
    // Whether the client is told to send its body depends on whether it has.
    if output.ends(with: goOn) { output.removeLast(goOn.count) }
    answers += output
    if session.isClosing { requireAnswer(answers) }
    if rest.isEmpty || session.isClosing { return requests + answers }
    require(session.wantsBytes, "who has answered everything waits for more, or ends")
    session.receive(rest.prefix(pieces))
    rest = rest.dropFirst(pieces)
  }
}

private let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

extension [UInt8] {
  fileprivate func ends(with other: [UInt8]) -> Bool { suffix(other.count).elementsEqual(other) }
}

/// What was asked for is asked for again in the words of our client.
private func requireSame(_ request: ControlRequest) {
  require(request.application.utf8.isEmpty || isName(request.application), "an application has the name of one")
  require(request.service.map { isName($0) } ?? true, "a service has the name of one")
  var parser = RequestParser(longestBody: ControlSession.longestBody)
  parser.append(request.message()[...])
  do throws(Problem) {
    guard let head = try parser.head(), let body = parser.body(of: head) else { fatalError("a request of our client has no end") }
    let again = try ControlRequest(head)
    again.body = body
    require(again.operation == request.operation && again.message() == request.message(), "a request is read as it was written")
  } catch { fatalError("a request of our client is refused: \(error.detail)") }
}

/// A name that is no path.
private func isName(_ name: String) -> Bool { !name.utf8.isEmpty && name.utf8.count <= 63 && !name.utf8.contains(0x2F) && name.utf8.first != 0x2E }

/// All that is sent before a connection ends is answers, one behind the other. Those to HEAD have no body, so the first is all that is looked at.
private func requireAnswer(_ bytes: [UInt8]) {
  var parser = ResponseParser()
  parser.append(bytes[...])
  do throws(Problem) {
    guard case .head = try parser.next() else { fatalError("an answer has no head") }
    require(parser.status >= 200 && parser.status < 600, "an answer has a status")
  } catch { fatalError("an answer is none: \(error.detail)") }
}

/// What a server sends to our client: whatever it is, no more comes out than went in, and the same in pieces of another size.
func fuzzHTTPResponse(_ input: [UInt8]) {
  guard let first = input.first else { return }
  let bytes = input.dropFirst()
  let whole = answer(bytes, pieces: bytes.count + 1)
  let again = answer(bytes, pieces: Int(first & 15) + 1)
  require(whole.body.count <= bytes.count, "a body comes from what was sent")
  require(
    whole.status == again.status && whole.isWhole == again.isWhole && (!whole.isWhole || whole.body == again.body), "pieces of another size are the same answer"
  )
  if let sentence = Problem.sentence(in: Array(bytes)) { require(sentence.utf8.count <= bytes.count * 3 + 2, "a sentence comes from what was sent") }
  do throws(SpecError) { _ = try ControlPolicy(parsing: Array(bytes)) } catch { requireLine(error.message) }
}

private func answer(_ bytes: ArraySlice<UInt8>, pieces: Int) -> (status: UInt64, isWhole: Bool, body: [UInt8]) {
  var parser = ResponseParser()
  var body: [UInt8] = []
  var rest = bytes
  do throws(Problem) {
    while true {
      var isWaiting = false
      while !isWaiting {
        switch try parser.next() {
        case .nothing: isWaiting = true
        case .head: require(body.isEmpty, "a head comes first")
        case .body(let piece):
          require(!piece.isEmpty, "a piece has something in it")
          body += piece
        case .end: return (parser.status, true, body)
        }
      }
      if rest.isEmpty { break }
      parser.append(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
    }
    try parser.finish()
    return (parser.status, true, body)
  } catch {
    requireLine(error.detail)
    return (parser.status, false, body)
  }
}
