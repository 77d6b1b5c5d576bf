internal import Linux
internal import OCI
internal import Supervisor

/// What somebody asks of the supervisor, with its parameters. Those that an operation does not have are as they are in the beginning.
public final class ControlRequest {
  /// How lines of a log are written.
  public enum Format: UInt8, CaseIterable, Sendable {
    case text, json
    static var names: Literal { "text json" }
  }

  public let operation: Operation
  /// Empty: it is about all of them.
  public var application = ""
  /// Nil: all of the application.
  public var service: String?
  /// Events above this number only.
  public var after: UInt64?
  public var since: Moment?
  public var until: Moment?
  /// So many of the last lines; nil: all.
  public var tail: UInt64?
  /// The answer goes on with what happens from now on.
  public var follows = false
  /// Each line has its time in front.
  public var hasTimestamps = false
  public var format = Format.text
  /// The document that was sent.
  public var body: [UInt8] = []

  public init(_ operation: Operation, application: String = "") {
    self.operation = operation
    self.application = application
  }

  // MARK: From what a client sends

  /// The request that a head makes; its body is not there yet.
  public convenience init(_ head: RequestHead) throws(Problem) {
    let names = head.target.segments
    // HEAD is GET without the body.
    let method = word(head.method == .head ? RequestHead.Method.get.rawValue : head.method.rawValue, of: RequestHead.Method.names)
    var allowed: [String] = []
    for operation in Operation.allCases {
      let route = operation.route
      if !route.isAbout(names) { continue }
      if route.method.equals(method) {
        self.init(operation)
        try read(head, route)
        return
      }
      allowed.append(route.method)
      if route.method.equals("GET") { allowed.append("HEAD") }
    }
    if allowed.isEmpty { throw Problem(.notFound, "there is nothing at this path") }
    let list = joined(allowed, with: ", ")
    throw Problem(.methodNotAllowed, "this path knows only \(list)", allowed: list)
  }

  private func read(_ head: RequestHead, _ route: Route) throws(Problem) {
    for (name, pattern) in zip(head.target.segments, route.path) where pattern.equals("*") {
      if !isApplicationName(name) { throw Problem(.badRequest, "the path does not have the name of an application") }
      application = name
    }
    var seen: [String] = []
    for parameter in head.target.query {
      let name = parameter.name
      if !route.parameters.contains(where: { $0.equals(name) }) { throw refusal(name, "is not known here") }
      if seen.contains(where: { $0.equals(name) }) { throw refusal(name, "is there twice") }
      seen.append(name)
      if !take(name, parameter.value) { throw refusal(name, "does not have such a value") }
    }
    if head.bodyLength > 0 && !operation.takesBody { throw Problem(.badRequest, "this request has no body") }
  }

  private func refusal(_ name: String, _ fault: Literal) -> Problem { Problem(.badRequest, "the parameter '\(name)' \(fault)") }

  private static var names: Literal { "application service after since until tail follow timestamps format" }

  /// Takes the value of a parameter; false where it is none of it.
  private func take(_ name: String, _ value: String) -> Bool {
    switch position(of: name, in: ControlRequest.names) {
    case 0:
      application = value
      return isApplicationName(value)
    case 1:
      service = value
      return isPlainName(value)
    case 2:
      after = decimal(Array(value.utf8)[...])
      return after != nil
    case 3:
      since = Moment(value)
      return since != nil
    case 4:
      until = Moment(value)
      return until != nil
    case 5:
      tail = decimal(Array(value.utf8)[...])
      return tail != nil
    case 6: return takeFlag(&follows, value)
    case 7: return takeFlag(&hasTimestamps, value)
    default:
      guard let number = position(of: value, in: Format.names), let known = Format(rawValue: number) else { return false }
      format = known
      return true
    }
  }

  private func takeFlag(_ flag: inout Bool, _ value: String) -> Bool {
    guard let number = position(of: value, in: "false true 0 1") else { return false }
    flag = number & 1 == 1
    return true
  }

  // MARK: To what a client sends

  /// The request as it is sent, its body included.
  public func message() -> [UInt8] {
    let route = operation.route
    let target = Text("\(route.path(of: application))\(query(route))")
    let length: Text = operation.takesBody ? "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" : ""
    return Array(Text("\(route.method) \(target) HTTP/1.1\r\nHost: apus\r\n\(length)\r\n").string.utf8) + body
  }

  private func query(_ route: Route) -> String {
    var query = ""
    for name in route.parameters {
      guard let value = value(of: name) else { continue }
      let mark: Literal = query.utf8.count == 0 ? "?" : "&"
      query = Text("\(query)\(mark)\(name)=\(percentEncoded(value))").string
    }
    return query
  }

  /// The value of a parameter; nil where it is as in the beginning.
  private func value(of name: String) -> String? {
    switch position(of: name, in: ControlRequest.names) {
    case 0: application.utf8.count > 0 ? application : nil
    case 1: service
    case 2: after.map { String($0) }
    case 3: since?.text
    case 4: until?.text
    case 5: tail.map { String($0) }
    case 6: follows ? "true" : nil
    case 7: hasTimestamps ? "true" : nil
    default: format == .text ? nil : word(format.rawValue, of: Format.names)
    }
  }
}
