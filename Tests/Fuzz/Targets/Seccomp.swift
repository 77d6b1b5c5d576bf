import OCI

@testable import Sandbox

/// A profile: what is taken is compiled for each processor, and the kernel would take the program.
func fuzzSeccomp(_ input: [UInt8]) {
  let profile: Seccomp
  do throws(SpecError) {
    profile = try Seccomp(parsing: input)
  } catch { return requireLine(error.message) }
  for processor in [SeccompProcessor.amd64, .arm64] {
    do throws(SpecError) {
      requireLoadable(try SeccompFilter(compiling: profile, for: processor).program)
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
