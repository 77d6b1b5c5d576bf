internal import Cgroups
internal import JSON

/// What `events` prints, in the form of `runc events`: names, units, and what is left out when it is 0 are those of runc's types/events.go.
enum EventDocument {
  /// A line that tells of want of memory.
  static func outOfMemory(_ id: String) -> [UInt8] { line("oom", id, nil) }

  /// A line of statistics.
  ///
  /// - data: what the control groups count; the rest is added to it.
  static func statistics(_ id: String, _ data: Statistic, _ rdt: Statistic? = nil, _ interfaces: [NetworkInterface] = []) -> [UInt8] {
    data.add(rdt ?? Statistic(.members), "intel_rdt")
    let list = data.add(interfaces.isEmpty ? .null : .list, "network_interfaces")
    for interface in interfaces { list.add(interface.statistic, "") }
    return line("stats", id, data)
  }

  private static func line(_ type: String, _ id: String, _ data: Statistic?) -> [UInt8] {
    let event = Statistic(.members)
    event.add(.text, "type", type)
    event.add(.text, "id", id)
    if let data { event.add(data, "data") }
    var writer = JSONWriter(.compact)
    writer.write(event)
    return writer.bytes() + [0x0A]
  }
}

extension JSONWriter {
  // Not put in place in itself, again and again.
  @inline(never)
  fileprivate mutating func write(_ statistic: Statistic) {
    switch statistic.kind {
    case .null: null()
    case .number: number(statistic.text)
    case .text: value(statistic.text)
    case .list:
      array { array in
        for part in statistic.parts { array.write(part) }
      }
    case .members:
      object { object in
        for part in statistic.parts {
          object.key(part.name)
          object.write(part)
        }
      }
    }
  }
}
