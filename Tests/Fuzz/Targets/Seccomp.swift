import CSeccomp
import OCI
import Oracles

@testable import Sandbox

/// A profile: what is taken is compiled for each processor, the kernel would take the program, and it decides as the profile says.
func fuzzSeccomp(_ input: [UInt8]) {
  let profile: Seccomp
  do throws(SpecError) {
    profile = try Seccomp(parsing: input)
  } catch { return requireLine(error.message) }
  for processor in [SeccompProcessor.amd64, .arm64] {
    do throws(SpecError) {
      let program = try SeccompFilter(compiling: profile, for: processor).program
      requireLoadable(program)
      compare(ClassicBPF(program: program), profile, processor)
    } catch { requireMessage(error.message) }
  }
}

/// The checks of the kernel (`bpf_check_classic` and `seccomp_check_filter`) on the instructions that the compiler writes.
private func requireLoadable(_ program: [UInt64]) {
  require(!program.isEmpty && program.count <= 4096, "a filter has 1 to 4096 instructions")
  require(program[program.count - 1] & 0xFFFF == 0x06, "a filter ends with a return")
  for (place, instruction) in program.enumerated() {
    let left = program.count - place - 1
    let operand = Int(instruction >> 32)
    switch instruction & 0xFFFF {
    case 0x20: require(operand % 4 == 0 && operand < 64, "a load is of a word of the call's data")
    case 0x05: require(operand < left, "a jump stays inside the filter")
    case 0x15, 0x25, 0x35:
      require(Int(instruction >> 16 & 0xFF) < left && Int(instruction >> 24 & 0xFF) < left, "a condition's jumps stay inside the filter")
    case 0x06, 0x54: break
    default: fatalError("an instruction that the compiler does not write")
    }
  }
}

/// Runs calls that the profile is about, and their neighbours, and compares the answers.
private func compare(_ program: ClassicBPF, _ profile: Seccomp, _ processor: SeccompProcessor) {
  let arguments = interestingArguments(profile)
  for abi in processor.abis {
    let reference = Reference(profile, processor, abi)
    for number in reference.interestingNumbers {
      for list in arguments {
        let call = ClassicBPF.Call(number: number, architecture: abi == .x32 ? Audit.amd64 : abi.token, arguments: list)
        do throws(ClassicBPF.Fault) {
          let answer = try program.run(call).value
          if let expected = reference.answer(to: call) { require(answer == expected, "the filter decides as the profile says") }
        } catch { fatalError("the filter: \(error)") }
      }
    }
  }
  do throws(ClassicBPF.Fault) {
    require(try program.run(.init(number: 0, architecture: 0xFFFF)).value == 0x8000_0000, "a call of another architecture ends the process")
  } catch { fatalError("the filter: \(error)") }
}

/// All arguments of a rule at once, and each of them a little beside it.
private func interestingArguments(_ profile: Seccomp) -> [[UInt64]] {
  var lists: [[UInt64]] = [[]]
  for rule in profile.syscalls where !rule.args.isEmpty && lists.count < 16 {
    var right = [UInt64](repeating: 0, count: 6)
    for argument in rule.args where argument.index < 6 { right[Int(argument.index)] = argument.op == .maskedEqual ? argument.valueTwo : argument.value }
    lists.append(right)
    for argument in rule.args.prefix(3) where argument.index < 6 {
      let value = right[Int(argument.index)]
      for other in [value &+ 1, value &- 1, value ^ 1 << 40] {
        var beside = right
        beside[Int(argument.index)] = other
        lists.append(beside)
      }
    }
  }
  return lists
}

/// What a profile says of the calls of one ABI, looked up the plain way: rule by rule.
private struct Reference {
  private let abi: SeccompABI
  private let isListed: Bool
  private let listsX32: Bool
  /// What the default says, and what calls get that are newer than the profile.
  private let usual: UInt32
  private let above: UInt32
  /// The numbers of all names, as libseccomp gives them, and of the names of each rule that says something else than the default.
  private var named: Set<Int32> = []
  private var rules: [(rule: SeccompRule, numbers: Set<Int32>)] = []

  init(_ profile: Seccomp, _ processor: SeccompProcessor, _ abi: SeccompABI) {
    self.abi = abi
    isListed = abi == processor.abis[0] || profile.architectures.contains(abi.architecture)
    listsX32 = profile.architectures.contains(.x32)
    usual = Reference.value(profile.defaultAction, profile.defaultErrnoRet)
    above = profile.defaultAction == .errno ? 0x0005_0026 : usual
    for rule in profile.syscalls {
      var numbers: Set<Int32> = []
      for name in rule.names { numbers.insert(cseccomp_number(abi.token, name)) }
      named.formUnion(numbers)
      if Reference.value(rule.action, rule.errnoRet) != usual { rules.append((rule, numbers)) }
    }
  }

  var interestingNumbers: Set<UInt32> {
    var numbers: Set<UInt32> = abi == .x32 ? [0x4000_0000, 0x4000_0300] : [0, 1, 600, 0xFFFF_FFFF]
    for number in named.sorted().suffix(12) where number >= 0 { numbers.formUnion([UInt32(number), UInt32(number) + 1]) }
    return numbers
  }

  /// Nil where the answer is not told here: where 32-bit x86 has its calls in one, and for -1, which x32 and amd64 share.
  func answer(to call: ClassicBPF.Call) -> UInt32? {
    let isX32 = call.number & 0x4000_0000 != 0 && call.number != .max
    if abi == .amd64 && isX32 || abi == .x32 && !isX32 { return nil }
    if !isListed { return 0x8000_0000 }
    if abi == .amd64 && call.number == .max { return listsX32 ? nil : above }
    if abi == .x86, named.contains(where: { $0 < -1 }) { return nil }
    let number = Int32(bitPattern: call.number)
    let about = number < 0 ? [] : rules.filter { $0.numbers.contains(number) }.map { $0.rule }
    if let rule = about.first(where: { $0.args.isEmpty }) ?? about.first(where: { holds($0, call) }) { return Reference.value(rule.action, rule.errnoRet) }
    if number >= 0, named.contains(number) { return usual }
    guard let highest else { return usual }
    return call.number > highest ? above : usual
  }

  /// The highest number that is named, without ARM's private ones.
  private var highest: UInt32? {
    var highest: UInt32?
    for number in named where number >= 0 && (abi != .arm || number < 0xF0000) { highest = max(highest ?? 0, UInt32(number)) }
    return highest
  }

  private func holds(_ rule: SeccompRule, _ call: ClassicBPF.Call) -> Bool {
    func holds(_ condition: SeccompArgument) -> Bool {
      let mask: UInt64 = abi == .x86 || abi == .x32 || abi == .arm ? 0xFFFF_FFFF : .max
      let argument = (Int(condition.index) < call.arguments.count ? call.arguments[Int(condition.index)] : 0) & mask
      let value = condition.value & mask
      return switch condition.op {
      case .equal: argument == value
      case .notEqual: argument != value
      case .lessThan: argument < value
      case .lessOrEqual: argument <= value
      case .greaterThan: argument > value
      case .greaterOrEqual: argument >= value
      case .maskedEqual: argument & value == condition.valueTwo & mask
      }
    }
    let repeats = Set(rule.args.map { $0.index }).count < rule.args.count
    return repeats ? rule.args.contains { holds($0) } : rule.args.allSatisfy { holds($0) }
  }

  private static func value(_ action: SeccompAction, _ number: UInt32?) -> UInt32 {
    switch action {
    case .kill, .killThread: 0
    case .killProcess: 0x8000_0000
    case .trap: 0x0003_0000
    case .errno: 0x0005_0000 | (number ?? 1)
    case .trace: 0x7FF0_0000 | (number ?? 1)
    case .allow: 0x7FFF_0000
    case .log: 0x7FFC_0000
    case .notify: 0x7FC0_0000
    }
  }
}
