internal import OCI

/// What can be asked of the supervisor, in the order of the table.
public enum Operation: UInt8, CaseIterable, Sendable {
  case version, metrics, events, list, status, install, remove, start, stop, restart, rollback, logs, history

  /// For each operation its method, its path, the right that it takes (a dash: any one) and the parameters of its query. `*` is the name of an application.
  ///
  /// docs/openapi.json says the same at length; a test compares the two.
  static var table: Literal {
    """
    GET /v1/version -
    GET /metrics read
    GET /v1/events read application after since follow
    GET /v1/applications read
    GET /v1/applications/* read
    PUT /v1/applications/* install
    DELETE /v1/applications/* install
    POST /v1/applications/*/start control service
    POST /v1/applications/*/stop control service
    POST /v1/applications/*/restart control service
    POST /v1/applications/*/rollback control
    GET /v1/applications/*/logs logs service since until tail follow timestamps format
    GET /v1/applications/*/history read
    """
  }

  var route: Route { Route(line(rawValue, of: Operation.table)) }

  /// It has a body: a manifest.
  public var takesBody: Bool { self == .install }
}

/// A row of the table.
struct Route {
  let method: String
  /// The names in the path.
  let path: [String]
  /// Nil: any right.
  let right: Right?
  let parameters: [String]

  init(_ row: String) {
    let columns = parts(of: row, at: 0x20)
    method = columns[0]
    path = Array(parts(of: columns[1], at: 0x2F).dropFirst())
    right = Right(named: columns[2])
    parameters = Array(columns[3...])
  }

  /// Whether it is about a path; one that is about an application is about any name there.
  @inline(never)
  func isAbout(_ names: [String]) -> Bool {
    if names.count != path.count { return false }
    for (name, pattern) in zip(names, path) where !pattern.equals("*") && !name.equals(pattern) { return false }
    return true
  }

  /// The path of this route for an application.
  func path(of application: String) -> String {
    var names: [String] = [""]
    for pattern in path { names.append(pattern.equals("*") ? percentEncoded(application) : pattern) }
    return joined(names, with: "/")
  }
}
