import Control
import OCI
import Supervisor

/// What becomes of bytes that a client sends at once: the heads and bodies, and the problem that ends it.
func parsed(_ text: String, longestBody: UInt64 = 1000, pieces: Int = .max) -> (requests: [(head: RequestHead, body: [UInt8])], problem: Problem?) {
  var parser = RequestParser(longestBody: longestBody)
  var requests: [(head: RequestHead, body: [UInt8])] = []
  var head: RequestHead?
  var rest = Array(text.utf8)[...]
  do throws(Problem) {
    while true {
      while true {
        if head == nil { head = try parser.head() }
        guard let known = head, let body = parser.body(of: known) else { break }
        requests.append((known, body))
        head = nil
      }
      if rest.isEmpty { return (requests, nil) }
      parser.append(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
    }
  } catch { return (requests, error) }
}

/// A request without a body, with the fields that it must have.
func message(_ line: String, _ fields: String...) -> String { "\(line) HTTP/1.1\r\nHost: apus\r\n\(fields.map { "\($0)\r\n" }.joined())\r\n" }

/// What a request for a target means, or the problem with it.
func request(_ line: String) -> Result<ControlRequest, Problem> {
  let (requests, problem) = parsed(message(line))
  if let problem { return .failure(problem) }
  do throws(Problem) { return .success(try ControlRequest(requests[0].head)) } catch { return .failure(error) }
}

func problem(_ line: String) -> Problem? {
  if case .failure(let problem) = request(line) { return problem }
  return nil
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

let root = Caller(uid: 0, gid: 0, pid: 1)

/// A service that has been told to start, and what its planner has made of it.
func planner(_ services: [Service], at now: UInt64 = 0) throws -> Planner {
  Planner(try StartOrder(Application(name: "shop", services: services)), isBoot: true, seed: 1, at: now)
}
