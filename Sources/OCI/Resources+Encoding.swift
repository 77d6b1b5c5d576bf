public import JSON

extension Resources {
  /// Writes what images and the options of `update` can ask for, as `Resources(parsing:)` reads it: rules for devices, numbers of memory and of processor time,
  /// processors and memory nodes, tasks, the weight for block devices. The rest only documents can ask for, which are kept as they are.
  public func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.key("devices")
      writer.array { writer in
        for rule in devices { writer.object { $0.members(of: rule) } }
      }
      writer.key("memory")
      writer.object { writer in
        guard let memory else { return }
        writer.numbers("limit reservation swap", [text(memory.limit), text(memory.reservation), text(memory.swap)])
      }
      writer.key("cpu")
      writer.object { writer in
        guard let cpu else { return }
        writer.numbers(
          "shares quota burst period realtimeRuntime realtimePeriod idle",
          [text(cpu.shares), text(cpu.quota), text(cpu.burst), text(cpu.period), text(cpu.realtimeRuntime), text(cpu.realtimePeriod), text(cpu.idle)])
        writer.member("cpus", cpu.cpus ?? "")
        writer.member("mems", cpu.mems ?? "")
      }
      writer.key("pids")
      writer.object { $0.numbers("limit", [text(pids?.limit)]) }
      writer.key("blockIO")
      writer.object { $0.numbers("weight", [text(blockIO?.weight.map { UInt64($0) })]) }
    }
  }
}

// Numbers as JSON spells them; nil stays nil.

@inline(never)
private func text(_ number: Int64?) -> String? { number.map { String($0) } }

@inline(never)
private func text(_ number: UInt64?) -> String? { number.map { String($0) } }

extension JSONWriter {
  /// The members called `names`, those that have a value, which is given as JSON spells it.
  @inline(never)
  fileprivate mutating func numbers(_ names: Literal, _ values: [String?]) {
    var position: UInt8 = 0
    for value in values {
      if let value {
        key(word(position, of: names))
        number(value)
      }
      position += 1
    }
  }

  fileprivate mutating func members(of rule: DeviceRule) {
    member("allow", rule.allow)
    member("type", rule.type.name)
    numbers("major minor", [text(rule.major), text(rule.minor)])
    member("access", rule.access.letters)
  }
}
