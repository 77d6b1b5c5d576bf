internal import CLinux

/// A network device of a network namespace.
public struct NetworkLink: Sendable, Equatable {
  /// Its number in the namespace.
  public var index: Int32
  public var isUp: Bool
}

/// An address of a network device that goes with it to another namespace (config-linux.md, "Network Devices"): permanent and of global scope.
public struct NetworkAddress: Sendable, Equatable {
  /// The C constants are `AF_INET` and `AF_INET6`.
  var family: UInt8
  var prefixLength: UInt8
  /// `IFA_F_…`, those that may be asked for.
  var flags: UInt32
  /// `IFA_…` and what they say: the address itself, the one at the other end, for broadcasts, the priority of its route.
  var attributes: [Attribute]

  struct Attribute: Sendable, Equatable {
    var type: UInt16
    var value: [UInt8]
  }

  /// The address that an answer to `RTM_GETADDR` tells of; nil for one that stays behind, or of another device than `index`.
  init?(_ answer: NetlinkAnswer, of index: Int32) {
    // RTM_NEWADDR, struct ifaddrmsg: family, prefixlen, flags, scope, index.
    guard answer.type == 20, answer.payload.count >= 8, answer.number(at: 4, 4) == Int(index) else { return nil }
    // IFA_FLAGS has all of them, where the kernel gives it.
    let all = answer.attribute(8, after: 8).map { $0.reversed().reduce(0) { $0 << 8 | UInt32($1) } } ?? UInt32(answer.number(at: 2, 1))
    // IFA_F_PERMANENT; RT_SCOPE_UNIVERSE
    guard all & 0x80 != 0, answer.number(at: 3, 1) == 0 else { return nil }
    family = UInt8(answer.number(at: 0, 1))
    prefixLength = UInt8(answer.number(at: 1, 1))
    // IFA_F_NODAD, IFA_F_HOMEADDRESS, IFA_F_MANAGETEMPADDR, IFA_F_NOPREFIXROUTE, IFA_F_MCAUTOJOIN: the others tell a state.
    flags = all & (0x02 | 0x10 | 0x100 | 0x200 | 0x400)
    attributes = []
    // IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_RT_PRIORITY; not the label, which has the name of the device in it.
    for type in [1, 2, 4, 9] as [UInt16] {
      if let value = answer.attribute(type, after: 8) { attributes.append(Attribute(type: type, value: Array(value))) }
    }
  }

  /// What gives it to the device `index`.
  func request(for index: Int32) -> NetlinkRequest {
    // RTM_NEWADDR with NLM_F_ACK, NLM_F_EXCL and NLM_F_CREATE
    var request = NetlinkRequest(20, flags: 0x4 | 0x200 | 0x400, body: [family, prefixLength, 0, 0] + littleEndian(UInt32(bitPattern: index)))
    for attribute in attributes { request.add(attribute.type, attribute.value) }
    if flags != 0 { request.add(8, littleEndian(flags)) }
    return request
  }
}

/// A socket to the kernel's network devices of one network namespace: that in which it was made, wherever its owner goes. rtnetlink(7).
public struct RouteSocket: ~Copyable {
  private let socket: FileDescriptor

  /// For the network namespace of this process. The C function is `socket` with `AF_NETLINK` and `NETLINK_ROUTE`.
  public init() throws(Errno) { try self.init(protocol: 0) }

  private init(protocol number: Int32) throws(Errno) { socket = FileDescriptor(owning: try checked { clinux_netlink_socket(number) }) }

  /// The device of this name; nil when there is none.
  public borrowing func link(named name: String) throws(Errno) -> NetworkLink? {
    do throws(Errno) {
      // RTM_GETLINK
      var request = RouteSocket.request(18, index: 0)
      request.add(3, RouteSocket.terminated(name))
      for answer in try call(request) where answer.type == 16 && answer.payload.count >= 16 {
        // struct ifinfomsg: family, type, index, flags, change. IFF_UP
        return NetworkLink(index: Int32(truncatingIfNeeded: answer.number(at: 4, 4)), isUp: answer.number(at: 8, 4) & 1 != 0)
      }
      return nil
    } catch {
      if error == .noDevice { return nil }
      throw error
    }
  }

  /// The addresses of a device that go with it.
  public borrowing func addresses(of index: Int32) throws(Errno) -> [NetworkAddress] {
    // A dump that something has changed meanwhile says so (NLM_F_DUMP_INTR), and is asked for again.
    for _ in 0..<16 {
      // RTM_GETADDR with NLM_F_DUMP, struct ifaddrmsg; the kernel gives those of all devices.
      let answers = try call(NetlinkRequest(22, flags: 0x300, body: [0, 0, 0, 0, 0, 0, 0, 0]))
      if !answers.contains(where: { $0.flags & 0x10 != 0 }) { return answers.compactMap { NetworkAddress($0, of: index) } }
    }
    throw .busy
  }

  /// Gives an address to a device.
  public borrowing func add(_ address: NetworkAddress, to index: Int32) throws(Errno) {
    do throws(Errno) {
      _ = try call(address.request(for: index))
    } catch {
      if error != .fileExists { throw error }
    }
  }

  /// Moves a device into another network namespace and gives it a name there. The kernel takes it down and its addresses away.
  public borrowing func move(_ index: Int32, to namespace: borrowing FileDescriptor, name: String) throws(Errno) {
    var request = RouteSocket.change(index)
    request.add(3, RouteSocket.terminated(name))
    // IFLA_NET_NS_FD
    request.add(28, littleEndian(UInt32(bitPattern: namespace.rawValue)))
    _ = try call(request)
  }

  /// Gives a device that is down another name; with `%d` at its end the kernel makes a number of that.
  public borrowing func rename(_ index: Int32, to name: String) throws(Errno) {
    var request = RouteSocket.change(index)
    request.add(3, RouteSocket.terminated(name))
    _ = try call(request)
  }

  /// Makes a device of a kind that needs to be told nothing else, such as `bridge`, or `veth`, whose other end the kernel names.
  public borrowing func make(_ name: String, kind: ArraySlice<UInt8>) throws(Errno) {
    // RTM_NEWLINK with NLM_F_ACK, NLM_F_EXCL and NLM_F_CREATE; struct ifinfomsg
    var request = NetlinkRequest(16, flags: 0x4 | 0x200 | 0x400, body: [UInt8](repeating: 0, count: 16))
    request.add(3, RouteSocket.terminated(name))
    // IFLA_LINKINFO with IFLA_INFO_KIND in it.
    request.add(18, littleEndian(UInt16(kind.count + 4)) + littleEndian(UInt16(1)) + kind)
    _ = try call(request)
  }

  /// Whether this network namespace has nftables. The message is `NFT_MSG_GETGEN` to `NETLINK_NETFILTER`.
  public static func findNftables() throws(Errno) {
    // NFNL_SUBSYS_NFTABLES and the message; struct nfgenmsg
    _ = try RouteSocket(protocol: 12).call(NetlinkRequest(10 << 8 | 16, flags: 0x4, body: [0, 0, 0, 0]))
  }

  /// Takes a device into service.
  public borrowing func setUp(_ index: Int32) throws(Errno) { _ = try call(RouteSocket.request(16, index: index, flags: 1, change: 1)) }

  /// RTM_NEWLINK for a device that is there.
  private static func change(_ index: Int32) -> NetlinkRequest { request(16, index: index) }

  /// With NLM_F_ACK and a struct ifinfomsg.
  private static func request(_ type: UInt16, index: Int32, flags: UInt32 = 0, change: UInt32 = 0) -> NetlinkRequest {
    NetlinkRequest(type, flags: 0x4, body: [0, 0, 0, 0] + littleEndian(UInt32(bitPattern: index)) + littleEndian(flags) + littleEndian(change))
  }

  private static func terminated(_ name: String) -> [UInt8] { Array(name.utf8) + [0] }

  /// Sends a request and gives the answers up to the last one, which tells how it went.
  private borrowing func call(_ request: NetlinkRequest) throws(Errno) -> [NetlinkAnswer] {
    let message = request.message
    guard try socket.write(message[...]) == message.count else { throw .inputOutput }
    var answers: [NetlinkAnswer] = []
    while true {
      // The kernel fills up to 32 KiB at a time.
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let number = socket.rawValue
      let count = try checked { buffer.withUnsafeMutableBytes { clinux_read(number, $0.baseAddress, $0.count) } }
      buffer.removeSubrange(count...)
      guard let received = NetlinkAnswer.all(in: buffer), !received.isEmpty else { throw .inputOutput }
      for answer in received {
        switch answer.type {
        // NLMSG_DONE
        case 3: return answers
        // NLMSG_ERROR: an errno, 0 when all is well.
        case 2:
          let code = Int32(truncatingIfNeeded: answer.number(at: 0, 4))
          if code != 0 { throw Errno(rawValue: 0 - code) }
          return answers
        default: answers.append(answer)
        }
      }
    }
  }
}
