/// Runs a seccomp program as the kernel does (Documentation/userspace-api/seccomp_filter.rst), and is as strict about what a program may be.
public struct ClassicBPF: Sendable {
  public enum Fault: Error, Equatable {
    case unknownInstruction(Int)
    case loadOutside(Int)
    case jumpOutside(Int)
    case noReturn
  }

  /// One call as struct seccomp_data has it.
  public struct Call: Sendable {
    public var number: UInt32
    public var architecture: UInt32
    public var arguments: [UInt64]

    public init(number: UInt32, architecture: UInt32, arguments: [UInt64] = []) {
      self.number = number
      self.architecture = architecture
      self.arguments = arguments
    }

    /// The 32-bit word at `offset` of the little-endian structure.
    func word(at offset: UInt32) -> UInt32? {
      guard offset % 4 == 0, offset < 64 else { return nil }
      switch offset {
      case 0: return number
      case 4: return architecture
      case 8, 12: return 0
      default:
        let index = Int(offset - 16) / 8
        let argument = index < arguments.count ? arguments[index] : 0
        return UInt32(truncatingIfNeeded: offset % 8 == 0 ? argument : argument >> 32)
      }
    }
  }

  public let program: [UInt64]

  public init(program: [UInt64]) { self.program = program }

  /// What the program returns for `call`, and how many instructions that took.
  public func run(_ call: Call) throws(Fault) -> (value: UInt32, steps: Int) {
    var accumulator: UInt32 = 0
    var next = 0
    var steps = 0
    while next < program.count {
      let instruction = program[next]
      let k = UInt32(truncatingIfNeeded: instruction >> 32)
      steps += 1
      var distance = 0
      func branch(_ holds: Bool) -> Int { Int(truncatingIfNeeded: instruction >> (holds ? 16 : 24) & 0xFF) }
      switch instruction & 0xFFFF {
      case 0x20:
        guard let word = call.word(at: k) else { throw .loadOutside(next) }
        accumulator = word
      case 0x54: accumulator &= k
      case 0x05: distance = Int(k)
      case 0x15: distance = branch(accumulator == k)
      case 0x25: distance = branch(accumulator > k)
      case 0x35: distance = branch(accumulator >= k)
      case 0x45: distance = branch(accumulator & k != 0)
      case 0x06: return (k, steps)
      default: throw .unknownInstruction(next)
      }
      next += distance + 1
      if next >= program.count { throw .jumpOutside(next) }
    }
    throw .noReturn
  }

  /// Whether the kernel's checker takes the program: every jump lands inside, every load is an aligned word, the last instruction returns.
  public func check() throws(Fault) {
    for (index, instruction) in program.enumerated() {
      let k = UInt32(truncatingIfNeeded: instruction >> 32)
      let farthest: Int
      switch instruction & 0xFFFF {
      case 0x20:
        if k % 4 != 0 || k >= 64 { throw .loadOutside(index) }
        farthest = 0
      case 0x54, 0x06: farthest = 0
      case 0x05: farthest = Int(k)
      case 0x15, 0x25, 0x35, 0x45: farthest = Int(max(instruction >> 16 & 0xFF, instruction >> 24 & 0xFF))
      default: throw .unknownInstruction(index)
      }
      if instruction & 0xFFFF != 0x06, index + farthest + 1 >= program.count { throw .jumpOutside(index) }
    }
    guard let last = program.last, last & 0xFFFF == 0x06 else { throw .noReturn }
  }
}

/// What the kernel puts into `seccomp_data.arch`; the C constants are `AUDIT_ARCH_…`.
public enum Audit {
  public static let amd64: UInt32 = 0xC000_003E
  public static let x86: UInt32 = 0x4000_0003
  public static let aarch64: UInt32 = 0xC000_00B7
  public static let arm: UInt32 = 0x4000_0028
}
