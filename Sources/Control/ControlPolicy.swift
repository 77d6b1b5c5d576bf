internal import JSON
public import OCI
internal import Supervisor

/// What somebody may do. Who may install an application can have any image run with any path of the device in it, and so is as good as root.
public enum Right: UInt8, NamedValue {
  /// To see how applications are, and what happens to them.
  case read
  /// To read what they write.
  case logs
  /// To start, stop, restart and roll back.
  case control
  /// To install, update and remove.
  case install

  public static var names: Literal { "read logs control install" }
}

/// Who asks: the process at the other end of the socket when it connected (SO_PEERCRED in unix(7)).
public final class Caller: Sendable {
  public let uid: UInt32
  public let gid: UInt32
  public let pid: Int32
  /// Its supplementary groups (SO_PEERGROUPS, Linux 4.13).
  public let groups: [UInt32]

  public init(uid: UInt32, gid: UInt32, pid: Int32, groups: [UInt32] = []) {
    self.uid = uid
    self.gid = gid
    self.pid = pid
    self.groups = groups
  }
}

/// Who may do what: root everything, others what is granted to them. docs/control.md describes the document.
public final class ControlPolicy {
  private final class Grant {
    let id: UInt32
    let isGroup: Bool
    /// Nil: all, those that are not installed yet as well.
    let applications: [String]?
    /// A bit for each right.
    let rights: UInt8

    init(_ json: JSONValue) {
      for (_, value) in json.members(besides: "uid gid applications rights") { value.refuse("unknown key") }
      // As if it were not there, it would stand for all applications.
      for (_, value) in json.members() where value.kind == .null { value.refuse("must not be null") }
      isGroup = json.member("gid") != nil
      // 2^32-1 is nobody: -1 where the kernel takes a number.
      let number: UInt32? = json.integer(isGroup ? "gid" : "uid", in: 0...UInt32.max - 1)
      if number == nil || (isGroup && json.member("uid") != nil) { json.refuse("expected exactly one of uid and gid") }
      id = number ?? .max
      applications = json.member("applications")?.applicationNames()
      var rights: UInt8 = 0
      let list = json.required("rights").elements()
      for value in list {
        let bit: UInt8 = 1 << (value.named() as Right).rawValue
        if rights & bit != 0 { value.refuse("is there twice") }
        rights |= bit
      }
      if list.isEmpty { json.required("rights").refuse("expected at least one right") }
      self.rights = rights
    }

    func isFor(_ caller: Caller) -> Bool { isGroup ? id == caller.gid || caller.groups.contains(id) : id == caller.uid }
  }

  private let grants: [Grant]

  /// Root may do everything, and nobody else anything.
  public init() { grants = [] }

  /// Reads a policy. What is not known in it refuses all of it.
  public convenience init(parsing text: [UInt8]) throws(SpecError) {
    self.init(try decode(text, limits: JSONLimits(bytes: 64 << 10, depth: 8, nodes: 8192)) { ControlPolicy.grants($0) })
  }

  private init(_ grants: [Grant]) { self.grants = grants }

  private static func grants(_ json: JSONValue) -> [Grant] {
    for (_, value) in json.members(besides: "grants") { value.refuse("unknown key") }
    return json.required("grants").elements().map { Grant($0) }
  }

  /// Whether a caller has a right.
  ///
  /// - right: nil: any right will do.
  /// - application: what it is to be for; nil: any application will do.
  @inline(never)
  public func permits(_ caller: Caller, _ right: Right?, application: String?) -> Bool {
    if caller.uid == 0 { return true }
    let wanted: UInt8 = right.map { 1 << $0.rawValue } ?? .max
    for grant in grants where grant.rights & wanted != 0 && grant.isFor(caller) {
      guard let application, let list = grant.applications else { return true }
      if list.contains(where: { $0.equals(application) }) { return true }
    }
    return false
  }

  /// Refuses a request that its caller may not make. What is about all applications is for whoever has the right for one; who answers leaves out those that
  /// `permits` does not allow.
  func check(_ request: ControlRequest, by caller: Caller) throws(Problem) {
    let right = request.operation.route.right
    let application = request.application
    if permits(caller, right, application: application.utf8.count > 0 ? application : nil) { return }
    let name = right?.name ?? "any"
    throw Problem(.forbidden, "user \(caller.uid) does not have the right here that this takes: \(name)")
  }
}

extension JSONValue {
  fileprivate func applicationNames() -> [String] {
    let values = elements()
    if values.isEmpty { refuse("expected at least one application") }
    var names: [String] = []
    for value in values {
      let name = value.string()
      if !isApplicationName(name) { value.refuse("is not the name of an application") }
      if names.contains(where: { $0.equals(name) }) { value.refuse("is there twice") }
      names.append(name)
    }
    return names
  }
}
