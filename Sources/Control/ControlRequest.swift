internal import Linux
internal import OCI
public import Supervisor

/// What somebody asks of the supervisor.
public final class ControlRequest {
  /// What can be said of it beside, in the order of `names`.
  public enum Parameter: UInt8, Sendable {
    /// Only this application.
    case application
    /// Only this service.
    case service
    /// Only events above this number.
    case after
    /// Moments.
    case since, until
    /// So many of the last lines.
    case tail
    /// The answer goes on with what happens from now on.
    case follow
    /// Each line has its time in front.
    case timestamps
    /// `text` or `json`.
    case format
    static var names: Literal { "application service after since until tail follow timestamps format" }
  }

  public let operation: Operation
  /// The document that is sent.
  public var body: [UInt8] = []
  /// The parameters as they are written; empty where there is none.
  private var values = [String](repeating: "", count: 9)

  /// For a client.
  public init(_ operation: Operation, application: String = "") {
    self.operation = operation
    values[0] = application
  }

  /// Empty: it is about all of them.
  public var application: String { values[0] }
  /// Nil: all of the application.
  public var service: String? { values[1].utf8.count > 0 ? values[1] : nil }
  public var after: UInt64? { decimal(Array(values[2].utf8)[...]) }
  public var since: Moment? { Moment(values[3]) }
  public var until: Moment? { Moment(values[4]) }
  /// Nil: all lines.
  public var tail: UInt64? { decimal(Array(values[5].utf8)[...]) }
  public var follows: Bool { isTrue(.follow) }
  public var hasTimestamps: Bool { isTrue(.timestamps) }
  /// Lines of a log are JSON documents.
  public var isJSON: Bool { values[8].equals("json") }

  private func isTrue(_ parameter: Parameter) -> Bool { position(of: values[Int(parameter.rawValue)], in: ControlRequest.flags).map { $0 < 2 } ?? false }

  private static var flags: Literal { "true 1 false 0" }

  /// Sets a parameter; false where it cannot have such a value.
  @inline(never)
  public func set(_ parameter: Parameter, _ value: String) -> Bool {
    let number = Int(parameter.rawValue)
    let before = values[number]
    values[number] = value
    let isGood =
      switch parameter {
      case .application: isApplicationName(value)
      case .service: isPlainName(value)
      case .after: after != nil
      case .since: since != nil
      case .until: until != nil
      case .tail: tail != nil
      case .follow, .timestamps: position(of: value, in: ControlRequest.flags) != nil
      case .format: position(of: value, in: "text json") != nil
      }
    if !isGood { values[number] = before }
    return isGood
  }

  // MARK: From what a client sends

  /// The request that a head makes; its body is not there yet.
  public convenience init(_ head: RequestHead) throws(Problem) {
    // HEAD is GET without the body.
    let method = word(head.method == .head ? RequestHead.Method.get.rawValue : head.method.rawValue, of: RequestHead.Method.names)
    var allowed = ""
    var number: UInt8 = 0
    while let operation = Operation(rawValue: number) {
      number += 1
      let route = operation.route
      if !route.isAbout(head.target.segments) { continue }
      if route.method.equals(method) {
        self.init(operation)
        try read(head, route)
        return
      }
      let separator: Literal = allowed.utf8.count > 0 ? ", " : ""
      let head: Literal = route.method.equals("GET") ? ", HEAD" : ""
      allowed = Text("\(allowed)\(separator)\(route.method)\(head)").string
    }
    if allowed.utf8.count == 0 { throw Problem(.notFound, "there is nothing at this path") }
    throw Problem(.methodNotAllowed, "this path knows only \(allowed)", allowed: allowed)
  }

  private func read(_ head: RequestHead, _ route: Route) throws(Problem) {
    let names = head.target.segments
    for (place, pattern) in route.path.enumerated() where pattern.equals("*") && !set(.application, names[place]) {
      throw Problem(.badRequest, "the path does not have the name of an application")
    }
    let query = head.target.query
    var at = 0
    while at < query.count {
      if let fault = take(query[at], query[at + 1], route) { throw Problem(.badRequest, "the parameter '\(query[at])' \(fault)") }
      at += 2
    }
    if head.bodyLength > 0 && !operation.takesBody { throw Problem(.badRequest, "this request has no body") }
  }

  /// Takes a parameter; what is wrong with it, if anything is.
  private func take(_ name: String, _ value: String, _ route: Route) -> Literal? {
    guard let number = position(of: name, in: Parameter.names), let parameter = Parameter(rawValue: number),
      route.parameters.contains(where: { $0.equals(name) })
    else { return "is not known here" }
    if values[Int(number)].utf8.count > 0 { return "is there twice" }
    return set(parameter, value) ? nil : "does not have such a value"
  }

  /// The manifest that was sent. Throws where it cannot be taken, with the place in it, and where its name is not that of the path.
  public func manifest() throws(Problem) -> Manifest {
    let manifest: Manifest
    do throws(SpecError) {
      manifest = try Manifest(parsing: body)
    } catch { throw Problem(.unprocessable, Text(error.reason), path: error.path) }
    if !manifest.name.equals(application) { throw Problem(.unprocessable, "it is another name than that in the path", path: "name") }
    return manifest
  }

  // MARK: To what a client sends

  /// The request as it is sent, its body included.
  public func message() -> [UInt8] {
    let route = operation.route
    var target = route.path(of: application)
    var mark: Literal = "?"
    for name in route.parameters {
      guard let number = position(of: name, in: Parameter.names), values[Int(number)].utf8.count > 0 else { continue }
      target = Text("\(target)\(mark)\(name)=\(percentEncoded(values[Int(number)]))").string
      mark = "&"
    }
    let length: Text = operation.takesBody ? "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" : ""
    return Array(Text("\(route.method) \(target) HTTP/1.1\r\nHost: apus\r\n\(length)\r\n").string.utf8) + body
  }
}
