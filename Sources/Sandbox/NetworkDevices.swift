internal import Linux
internal import OCI

/// A network device of the host that the container gets.
public final class PlannedNetworkDevice {
  /// For messages: `linux.netDevices.eth0`.
  public let origin: String
  /// Its name in the network namespace of the runtime.
  public let hostName: String
  /// Its name in the container; one that ends in `%d` is numbered by the kernel.
  public let name: String

  init(origin: String, hostName: String, name: String) {
    self.origin = origin
    self.hostName = hostName
    self.name = name
  }

  var isTemplate: Bool { name.utf8.contains(0x25) }

  /// Those of config.json. Without a network namespace of the container's own there is nowhere to move them to.
  static func all(_ devices: [NetDevice], namespaces: NamespaceFlags) throws(SpecError) -> [PlannedNetworkDevice] {
    var planned: [PlannedNetworkDevice] = []
    for device in devices {
      let origin = Text("linux.netDevices.\(device.hostName)").string
      guard namespaces.contains(.network) else {
        throw SpecError(path: Text(origin), reason: "needs a network namespace of the container's own, which linux.namespaces does not have")
      }
      guard isName(device.hostName[...]) else { throw SpecError(path: Text(origin), reason: "not the name of a network device") }
      let name = device.name ?? device.hostName
      let end = name.utf8.suffix(2).elementsEqual("%d".utf8) ? name.utf8.dropLast(2) : name.utf8[...]
      // Nothing else of a format means anything to the kernel.
      guard isName(name[...]), device.name == nil || !end.contains(0x25) else {
        throw SpecError(path: "\(origin).name", reason: "not the name of a network device, nor one with %d at its end")
      }
      let next = PlannedNetworkDevice(origin: origin, hostName: device.hostName, name: name)
      if !next.isTemplate, planned.contains(where: { $0.name.equals(name) }) {
        throw SpecError(path: "\(origin).name", reason: "another network device gets the name \(name)")
      }
      planned.append(next)
    }
    return planned
  }

  /// As the kernel takes it (`dev_valid_name`): up to 15 bytes, no slash, colon or white space, neither `.` nor `..`.
  private static func isName(_ name: Substring) -> Bool {
    let bytes = Array(name.utf8)
    if bytes.isEmpty || bytes.count > 15 || bytes.elementsEqual(".".utf8) || bytes.elementsEqual("..".utf8) { return false }
    return !bytes.contains { $0 == 0x2F || $0 == 0x3A || $0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0D) || $0 == 0xA0 }
  }
}

/// The devices that a container has been given, until it runs: when it does not come to that they go back, as if nothing had been tried.
struct MovedNetworkDevices: ~Copyable {
  private let host: RouteSocket
  private let container: RouteSocket
  private let hostNamespace: FileDescriptor
  private var moved: [Moved] = []

  private struct Moved {
    var device: PlannedNetworkDevice
    /// Its number in the container.
    var index: Int32
    var wasUp: Bool
    var addresses: [NetworkAddress]
  }

  /// Moves `devices` into the network namespace of `process`, with their permanent addresses of global scope, and takes them into service there.
  ///
  /// Everything is looked at before anything is moved. In the launching process: only the host's rights reach both namespaces.
  static func move(_ devices: [PlannedNetworkDevice], to process: Int32) throws(SandboxError) -> MovedNetworkDevices {
    let hostNamespace = try attempt("open", "/proc/self/ns/net") { () throws(Errno) in try FileDescriptor.open("/proc/self/ns/net", .readOnly) }
    let namespace = try attempt("open", "the network namespace of the container") { () throws(Errno) in
      try FileDescriptor.open(Path("/proc/\(process)/ns/net"), .readOnly)
    }
    let host = try attempt("make", "a socket for network devices") { () throws(Errno) in try RouteSocket() }
    let container = try socket(in: namespace, backTo: hostNamespace)
    var all = MovedNetworkDevices(host: host, container: container, hostNamespace: hostNamespace)
    for device in devices { try all.look(at: device) }
    do throws(SandboxError) {
      for (number, device) in devices.enumerated() { try all.move(device, number, namespace) }
    } catch {
      all.restore()
      throw error
    }
    return all
  }

  private init(host: consuming RouteSocket, container: consuming RouteSocket, hostNamespace: consuming FileDescriptor) {
    self.host = host
    self.container = container
    self.hostNamespace = hostNamespace
  }

  /// A socket of another network namespace than this process's, which comes back to its own whatever becomes of that: what it starts from now on is the host's.
  private static func socket(in namespace: borrowing FileDescriptor, backTo own: borrowing FileDescriptor) throws(SandboxError) -> RouteSocket {
    try attempt("enter", "the network namespace of the container") { () throws(Errno) in try namespace.joinNamespace(.network) }
    var made: RouteSocket?
    var failure = Errno.inputOutput
    do throws(Errno) {
      made = try RouteSocket()
    } catch {
      failure = error
    }
    try attempt("return to", "the network namespace of the runtime") { () throws(Errno) in try own.joinNamespace(.network) }
    guard let socket = made.take() else { throw SandboxError("make", "a socket for network devices", failure) }
    return socket
  }

  /// Whether the device is there, and its name is still to be had.
  private borrowing func look(at device: PlannedNetworkDevice) throws(SandboxError) {
    guard case .some = try link(device.hostName, device, host) else {
      throw SandboxError("\(device.origin): the network namespace of the runtime has no such device")
    }
    if device.isTemplate { return }
    if case .some = try link(device.name, device, container) {
      throw SandboxError("\(device.origin): the network namespace of the container has a device \(device.name) already")
    }
  }

  private borrowing func link(_ name: String, _ device: PlannedNetworkDevice, _ socket: borrowing RouteSocket) throws(SandboxError) -> NetworkLink? {
    do throws(Errno) {
      return try socket.link(named: name)
    } catch {
      throw SandboxError("\(device.origin): \(SystemError("look for", Text(name), error).message)")
    }
  }

  private mutating func move(_ device: PlannedNetworkDevice, _ number: Int, _ namespace: borrowing FileDescriptor) throws(SandboxError) {
    guard let found = try link(device.hostName, device, host) else {
      throw SandboxError("\(device.origin): the network namespace of the runtime has no such device")
    }
    do throws(Errno) {
      // Before the move, which takes them away.
      let addresses = try host.addresses(of: found.index)
      // One that the kernel numbers is found again by a name of ours.
      let name = device.isTemplate ? Text("a\(processID())x\(number)").string : device.name
      try host.move(found.index, to: namespace, name: name)
      guard let arrived = try container.link(named: name) else { throw .noDevice }
      moved.append(Moved(device: device, index: arrived.index, wasUp: found.isUp, addresses: addresses))
      if device.isTemplate { try container.rename(arrived.index, to: device.name) }
      for address in addresses { try container.add(address, to: arrived.index) }
      try container.setUp(arrived.index)
    } catch {
      throw SandboxError("\(device.origin): \(SystemError("move the network device into", "the container", error).message)")
    }
  }

  /// Gives the devices back to the namespace that they come from, under their names, with their addresses and in the state that they had.
  consuming func goBack() { restore() }

  private mutating func restore() {
    // One that cannot be given back is left to the kernel, which moves devices of hardware at the end of their namespace.
    while let last = moved.popLast() {
      do throws(Errno) {
        try container.move(last.index, to: hostNamespace, name: last.device.hostName)
        guard let back = try host.link(named: last.device.hostName) else { continue }
        for address in last.addresses { try host.add(address, to: back.index) }
        if last.wasUp { try host.setUp(back.index) }
      } catch {
        continue
      }
    }
  }
}
