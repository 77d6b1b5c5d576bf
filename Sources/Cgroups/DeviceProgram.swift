public import Linux
internal import OCI

extension DeviceFilter {
  /// The filter as an eBPF program for a cgroup v2 (BPF_PROG_TYPE_CGROUP_DEVICE).
  ///
  /// The program walks the rules from the last to the first with the accesses that are still undecided in a register: a rule to deny ends it when it is about
  /// one of them, a rule to allow takes its own away and ends it when none is left. Pure; at most five instructions for each rule.
  public func program() throws(CgroupPlanError) -> [BPFInstruction] {
    var assembler = DeviceAssembler()
    assembler.begin()
    for rule in rules.reversed() {
      if rule.isTotal {
        assembler.end(allow: rule.allow)
        return try assembler.finished()
      }
      assembler.add(rule)
    }
    assembler.end(allow: false)
    return try assembler.finished()
  }
}

/// Writes the program. Registers: r1 the context (struct bpf_cgroup_dev_ctx), r2 the type, r3 the undecided accesses, r4 and r5 the device number.
private struct DeviceAssembler {
  var instructions: [BPFInstruction] = []
  /// Jumps to the common endings, whose place is known last.
  var jumpsToAllow: [Int] = []
  var jumpsToDeny: [Int] = []

  mutating func begin() {
    // access_type holds the access in the upper half and the type in the lower.
    load(register: 2, at: 0)
    instructions.append(BPFInstruction(code: Operation.and32, destination: 2, immediate: 0xFFFF))
    load(register: 3, at: 0)
    instructions.append(BPFInstruction(code: Operation.shiftRight32, destination: 3, immediate: 16))
    load(register: 4, at: 4)
    load(register: 5, at: 8)
  }

  mutating func add(_ rule: DeviceRule) {
    let first = instructions.count
    // BPF_DEVCG_DEV_BLOCK is 1, BPF_DEVCG_DEV_CHAR is 2.
    if rule.type != .all { instructions.append(BPFInstruction(code: Operation.jumpUnlessEqual, destination: 2, immediate: rule.type == .block ? 1 : 2)) }
    if let major = rule.onlyMajor {
      instructions.append(BPFInstruction(code: Operation.jumpUnlessEqual, destination: 4, immediate: Int32(truncatingIfNeeded: major)))
    }
    if let minor = rule.onlyMinor {
      instructions.append(BPFInstruction(code: Operation.jumpUnlessEqual, destination: 5, immediate: Int32(truncatingIfNeeded: minor)))
    }
    let checks = first..<instructions.count
    if rule.access == .all {
      jump(Operation.jump, allow: rule.allow)
    } else if rule.allow {
      instructions.append(BPFInstruction(code: Operation.and32, destination: 3, immediate: Int32(DeviceAccess.all.subtracting(rule.access).rawValue)))
      jump(Operation.jumpIfEqual, register: 3, allow: true)
    } else {
      jump(Operation.jumpIfSet, register: 3, immediate: Int32(rule.access.rawValue), allow: false)
    }
    for check in checks { instructions[check].offset = Int16(truncatingIfNeeded: instructions.count - check - 1) }
  }

  /// What decides when no rule has.
  mutating func end(allow: Bool) { jump(Operation.jump, allow: allow) }

  /// The program with its endings; refused when it is longer than a kernel before 5.2 takes.
  consuming func finished() throws(CgroupPlanError) -> [BPFInstruction] {
    for (value, jumps) in [(Int32(0), jumpsToDeny), (1, jumpsToAllow)] where !jumps.isEmpty {
      for index in jumps { instructions[index].offset = Int16(truncatingIfNeeded: instructions.count - index - 1) }
      instructions.append(BPFInstruction(code: Operation.move, destination: 0, immediate: value))
      instructions.append(BPFInstruction(code: Operation.exit))
    }
    // BPF_MAXINSNS
    if instructions.count > 4096 { throw .refused(asked: SettingList.path("devices"), reason: "too many rules for a device program") }
    return instructions
  }

  private mutating func load(register: UInt8, at offset: Int16) {
    instructions.append(BPFInstruction(code: Operation.loadWord, destination: register, source: 1, offset: offset))
  }

  private mutating func jump(_ code: UInt8, register: UInt8 = 0, immediate: Int32 = 0, allow: Bool) {
    if allow { jumpsToAllow.append(instructions.count) } else { jumpsToDeny.append(instructions.count) }
    instructions.append(BPFInstruction(code: code, destination: register, immediate: immediate))
  }
}

/// The instructions used, by linux/bpf_common.h.
enum Operation {
  /// BPF_LDX | BPF_MEM | BPF_W
  static var loadWord: UInt8 { 0x61 }
  /// BPF_ALU | BPF_AND | BPF_K
  static var and32: UInt8 { 0x54 }
  /// BPF_ALU | BPF_RSH | BPF_K
  static var shiftRight32: UInt8 { 0x74 }
  /// BPF_ALU64 | BPF_MOV | BPF_K
  static var move: UInt8 { 0xB7 }
  /// BPF_JMP | BPF_JA
  static var jump: UInt8 { 0x05 }
  /// BPF_JMP | BPF_JEQ | BPF_K
  static var jumpIfEqual: UInt8 { 0x15 }
  /// BPF_JMP | BPF_JNE | BPF_K
  static var jumpUnlessEqual: UInt8 { 0x55 }
  /// BPF_JMP | BPF_JSET | BPF_K
  static var jumpIfSet: UInt8 { 0x45 }
  /// BPF_JMP | BPF_EXIT
  static var exit: UInt8 { 0x95 }
}
