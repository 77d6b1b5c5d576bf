internal import Linux

/// What has gone through a network interface, as the container sees it.
struct NetworkInterface: Sendable, Equatable {
  var name: String
  var received = Traffic()
  var sent = Traffic()

  struct Traffic: Sendable, Equatable {
    var bytes: UInt64 = 0
    var packets: UInt64 = 0
    var errors: UInt64 = 0
    var dropped: UInt64 = 0
  }

  /// The interfaces in the contents of /proc/PID/net/dev (proc_pid_net(5)), without the loopback.
  static func all(in contents: [UInt8]) -> [NetworkInterface] {
    var interfaces: [NetworkInterface] = []
    // Two lines of titles; a title has no colon behind its first word, but bars.
    for line in contents.split(separator: 0x0A).dropFirst(2) {
      guard let colon = line.lastIndex(of: 0x3A) else { continue }
      let name = line[..<colon].drop { $0 == 0x20 }
      let fields = line[(colon + 1)...].split(separator: 0x20).map { decimal($0) ?? 0 }
      // Bytes, packets, errors, dropped, fifo, frame, compressed, multicast; and the same of what is sent, eight as well.
      guard fields.count >= 16, !name.elementsEqual("lo".utf8) else { continue }
      interfaces.append(
        NetworkInterface(
          name: String(decoding: Array(name), as: UTF8.self), received: Traffic(bytes: fields[0], packets: fields[1], errors: fields[2], dropped: fields[3]),
          sent: Traffic(bytes: fields[8], packets: fields[9], errors: fields[10], dropped: fields[11])))
    }
    return interfaces
  }
}
