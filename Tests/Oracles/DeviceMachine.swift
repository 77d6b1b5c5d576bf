public import Linux
public import OCI

/// One use of a device.
public struct DeviceUse: CustomStringConvertible, Sendable {
  public var isBlock: Bool
  public var major: Int64
  public var minor: Int64
  public var access: DeviceAccess

  public init(isBlock: Bool, major: Int64, minor: Int64, access: DeviceAccess) {
    self.isBlock = isBlock
    self.major = major
    self.minor = minor
    self.access = access
  }

  public var description: String { "\(isBlock ? "b" : "c") \(major):\(minor) \(access.letters)" }
}

/// The meaning of device rules, written the plain way: for each letter of the access, the last rule about it decides.
public func isAllowed(_ use: DeviceUse, by rules: [DeviceRule]) -> Bool {
  [DeviceAccess.read, .write, .mknod].filter { use.access.contains($0) }.allSatisfy { letter in
    let about = rules.last { rule in
      (rule.type == .all || (rule.type == .block) == use.isBlock) && isAbout(rule.major, use.major) && isAbout(rule.minor, use.minor)
        && rule.access.contains(letter)
    }
    return about?.allow ?? false
  }
}

/// Nothing and what is below 0 mean every number.
private func isAbout(_ number: Int64?, _ used: Int64) -> Bool { number.map { $0 < 0 || $0 == used } ?? true }

/// Runs a device program as the kernel does, and refuses what the kernel's verifier would: jumps back or out, unknown instructions, registers read before they
/// are written.
public struct DeviceMachine {
  public enum Refusal: Error { case unknownInstruction(UInt8), jumpOut, uninitialised, badLoad, endless }

  public static func run(_ program: [BPFInstruction], on use: DeviceUse) throws -> Bool {
    var registers = [UInt64?](repeating: nil, count: 11)
    // struct bpf_cgroup_dev_ctx: access_type, major, minor.
    let context: [Int16: UInt32] = [0: UInt32(use.access.rawValue) << 16 | (use.isBlock ? 1 : 2), 4: UInt32(use.major), 8: UInt32(use.minor)]
    let contextAddress: UInt64 = 0xC0DE
    registers[1] = contextAddress
    var at = 0
    for _ in 0...program.count {
      guard program.indices.contains(at) else { throw Refusal.jumpOut }
      let instruction = program[at]
      let target = Int(instruction.registers & 0xF)
      let immediate = UInt64(bitPattern: Int64(instruction.immediate))
      func value() throws -> UInt64 {
        guard let value = registers[target] else { throw Refusal.uninitialised }
        return value
      }
      func jump(_ condition: Bool) throws {
        if instruction.offset < 0 { throw Refusal.jumpOut }
        if condition { at += Int(instruction.offset) }
      }
      switch instruction.code {
      case 0x61:
        guard registers[Int(instruction.registers >> 4)] == contextAddress, let word = context[instruction.offset] else { throw Refusal.badLoad }
        registers[target] = UInt64(word)
      case 0x54: registers[target] = try value() & 0xFFFF_FFFF & (immediate & 0xFFFF_FFFF)
      case 0x74: registers[target] = (try value() & 0xFFFF_FFFF) >> immediate
      case 0xB7: registers[target] = immediate
      case 0x05: try jump(true)
      case 0x15: try jump(try value() == immediate)
      case 0x55: try jump(try value() != immediate)
      case 0x45: try jump(try value() & immediate != 0)
      case 0x95:
        guard let answer = registers[0] else { throw Refusal.uninitialised }
        return answer != 0
      default: throw Refusal.unknownInstruction(instruction.code)
      }
      at += 1
    }
    throw Refusal.endless
  }
}

/// Decides as the v1 devices controller of the kernel does (security/device_cgroup.c): one answer for everything, and exceptions by exact device number.
public struct DeviceController {
  private var allows = true
  private var exceptions: [(text: [Substring], access: Substring)] = []

  public init(_ writes: [(file: String, value: String)]) {
    for (file, value) in writes {
      let allow = file == "devices.allow"
      if value == "a" {
        allows = allow
        exceptions = []
        continue
      }
      let words = value.split(separator: " ")
      precondition(words.count == 3 && allow != allows, "\(file) \(value)")
      exceptions.append((text: [words[0]] + words[1].split(separator: ":"), access: words[2]))
    }
  }

  /// Whether one letter of access is allowed.
  public func isAllowed(_ use: DeviceUse) -> Bool {
    let letter = use.access.letters
    let isException = exceptions.contains { exception in
      exception.text[0] == (use.isBlock ? "b" : "c") && (exception.text[1] == "*" || Int64(exception.text[1]) == use.major)
        && (exception.text[2] == "*" || Int64(exception.text[2]) == use.minor) && exception.access.contains(letter)
    }
    return isException != allows
  }
}
