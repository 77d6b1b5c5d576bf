internal import Cgroups
internal import Linux

/// What has gone through a network interface, as the container sees it.
struct NetworkInterface: Sendable, Equatable {
  var name: String
  /// Bytes, packets, errors, and what was dropped, of what was received and then of what was sent.
  var counts: [UInt64]

  /// The members that runc has for it.
  var statistic: Statistic {
    let statistic = Statistic(.members)
    statistic.add(.text, "Name", name)
    let names: [Literal] = ["RxBytes", "RxPackets", "RxErrors", "RxDropped", "TxBytes", "TxPackets", "TxErrors", "TxDropped"]
    for (index, name) in names.enumerated() { statistic.add(name, counts[index]) }
    return statistic
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
      interfaces.append(NetworkInterface(name: string(name), counts: [0, 1, 2, 3, 8, 9, 10, 11].map { fields[$0] }))
    }
    return interfaces
  }
}
