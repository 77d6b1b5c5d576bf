internal import Linux

extension SandboxPlan {
  /// In the new process: joins the namespaces that it does not come from, and sets what a new one starts without.
  func enterNamespaces() throws(SandboxError) {
    if !needsStage { try joinNamespaces() }
    if newNamespaces.contains(.cgroup) { try attempt("make", "a cgroup namespace") { () throws(Errno) in try unshare(.cgroup) } }
    if let hostname { try attempt("set the host name", hostname) { () throws(Errno) in try ThisProcess.setHostname(hostname) } }
    if let domainname { try attempt("set the domain name", domainname) { () throws(Errno) in try ThisProcess.setDomainname(domainname) } }
    if newNamespaces.contains(.network) { try attempt("set up", "the loopback interface") { () throws(Errno) in try ThisProcess.setLoopbackUp() } }
  }

  /// Joins the namespaces that are there. The user namespace last: the rights to join the others are the host's; before it the mount namespace, in which the
  /// paths of the others mean something else.
  func joinNamespaces() throws(SandboxError) {
    for namespace in joinedNamespaces where !namespace.kind.isForChildren && namespace.kind != .mount && namespace.kind != .user { try join(namespace) }
    for namespace in joinedNamespaces where namespace.kind == .mount { try join(namespace) }
    for namespace in joinedNamespaces where namespace.kind == .user { try join(namespace) }
  }

  /// Enters the namespaces that only children of the calling process come into.
  func enterForChildren() throws(SandboxError) {
    for namespace in joinedNamespaces where namespace.kind.isForChildren { try join(namespace) }
    if newNamespaces.contains(.time) { try makeTimeNamespace() }
  }

  private func join(_ namespace: JoinedNamespace) throws(SandboxError) {
    if let descriptor = namespace.descriptor {
      return try attempt("join the namespace", namespace.path) { () throws(Errno) in try joinNamespace(descriptor, namespace.kind) }
    }
    let opened = try attempt("open the namespace", namespace.path) { () throws(Errno) in try FileDescriptor.open(namespace.path, .readOnly) }
    if namespace.changedBy != nil { try namespace.requireOther(opened) }
    try attempt("join the namespace", namespace.path) { () throws(Errno) in try opened.joinNamespace(namespace.kind) }
  }
}

extension SandboxPlan {
  /// A user namespace that is joined and turns out to be the one of this process is none: the kernel refuses to join it, and there is no need to.
  public func leaveOutOwnUserNamespace() throws(SandboxError) {
    guard let index = joinedNamespaces.firstIndex(where: { $0.kind == .user && $0.descriptor == nil }) else { return }
    let namespace = joinedNamespaces[index]
    let path = namespace.path.description
    let opened = try attempt("open the namespace", Text(path)) { () throws(Errno) in try FileDescriptor.open(namespace.path, .readOnly) }
    if namespace.changedBy != nil { try namespace.requireOther(opened) }
    guard try namespace.isOwn(opened) else { return }
    joinedNamespaces.remove(at: index)
    userNamespace = nil
  }
}

extension JoinedNamespace {
  /// What config.json calls a namespace of the container's own must not be the one that this process comes from. It is compared opened: a path may lead
  /// elsewhere the next time.
  fileprivate func requireOther(_ opened: borrowing FileDescriptor) throws(SandboxError) {
    guard let changedBy, try isOwn(opened) else { return }
    throw SandboxError("\(changedBy): the namespace \(path.description) is the one that apus runs in, so setting it would change the host")
  }

  fileprivate func isOwn(_ opened: borrowing FileDescriptor) throws(SandboxError) -> Bool {
    guard let own = kind.ownPath else { return false }
    return try attempt("examine the namespace", path) { () throws(Errno) in
      try opened.isSameFile(as: FileDescriptor.open(own, .path))
    }
  }
}

/// The namespaces that the launching process comes back to once a child is born in others.
struct OwnNamespaces: ~Copyable {
  private var pid: FileDescriptor?
  private var time: FileDescriptor?

  /// Those that `plan` has it leave for the birth.
  init(leftFor plan: SandboxPlan) throws(SandboxError) {
    pid = nil
    time = nil
    let left = plan.joinedNamespaces.reduce(plan.newNamespaces.intersection(.time)) { $0.union($1.kind) }
    if left.contains(.pid) { pid = try OwnNamespaces.open("/proc/self/ns/pid") }
    if left.contains(.time) { time = try OwnNamespaces.open("/proc/self/ns/time") }
  }

  private static func open(_ path: Path) throws(SandboxError) -> FileDescriptor {
    try attempt("open", path) { () throws(Errno) in try FileDescriptor.open(path, .readOnly) }
  }

  /// Back: what this process starts from now on is the host's, as hooks are.
  consuming func comeBack() throws(SandboxError) {
    if let time { try attempt("return to", "the time namespace") { () throws(Errno) in try time.joinNamespace(.time) } }
    if let pid { try attempt("return to", "the PID namespace") { () throws(Errno) in try pid.joinNamespace(.pid) } }
  }
}

extension NamespaceFlags {
  /// It is entered before the container's first process is cloned: a PID namespace takes only children, and a time namespace, once made, as well.
  var isForChildren: Bool { self == .pid || self == .time }

  /// The calling process's own namespace of this kind, of those that have something to set.
  fileprivate var ownPath: Path? {
    switch self {
    case .network: "/proc/self/ns/net"
    case .ipc: "/proc/self/ns/ipc"
    case .uts: "/proc/self/ns/uts"
    case .user: "/proc/self/ns/user"
    case .mount: "/proc/self/ns/mnt"
    default: nil
    }
  }
}
