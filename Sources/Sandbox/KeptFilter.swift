public import Linux

/// What a compiled filter depends on, all of it: filters are kept under it, and found again only when every bit is the same (docs/decisions/seccomp-filters.md).
public struct FilterKey: Equatable, Sendable {
  /// The build of the program, which stands for its compiler, its tables, its default profile and its processor; then what the filter was asked for by.
  let words: [UInt64]

  /// The key of the filter that `defaultSeccomp` gives containers with this bounding set.
  public init(build: [UInt64], defaultFor capabilities: CapabilityMask) { words = build + [0, capabilities.rawValue] }

  /// The key of a profile, of which `text` is what was read; nil for one that is too long to be kept.
  public init?(build: [UInt64], profile text: ArraySlice<UInt8>) {
    guard !text.isEmpty, text.count <= 1 << 16 else { return nil }
    // The length tells apart what ends in zeros; a profile has one above that of the key of a default filter.
    words = build + [UInt64(text.count)] + text.withUnsafeBytes { Linux.words(of: $0) }
  }

  /// The name of its file. Different keys may have the same one: it is only where to look.
  public var name: Path {
    let digits: Literal = "0123456789abcdef"
    var name: [UInt8] = []
    var rest = mixed(words[...])
    for _ in 0..<16 {
      rest = rest << 4 | rest >> 60
      name.append(digits.start[Int(rest & 15)])
    }
    return Path(bytes: name)
  }
}

/// A number made of words, which one that differs changes in any case. It finds what is damaged, and not what somebody has made on purpose: files that others
/// may write to are not read.
private func mixed(_ words: ArraySlice<UInt64>) -> UInt64 {
  var sum: UInt64 = 0x9E37_79B9_7F4A_7C15
  for word in words {
    sum = (sum ^ word) &* 0xFF51_AFD7_ED55_8CCD
    sum ^= sum >> 32
  }
  return sum
}

extension SeccompFilter {
  /// The most bytes that a kept filter has: its head, its key, and the 4096 instructions that the kernel takes.
  public static var keptLimit: Int { (1 << 16) + 8 * (head + 64 + 4096) }

  /// The words before the key: the sum of all that follows; the number of words in the key; the flags.
  private static var head: Int { 3 }
  private static var trapsBit: UInt64 { 1 << 32 }

  /// The filter as it is kept.
  public func kept(under key: FilterKey) -> [UInt64] {
    var words = [0, UInt64(key.words.count), UInt64(flags) | (traps ? SeccompFilter.trapsBit : 0)]
    words += key.words
    words += program
    words[0] = mixed(words[1...])
    return words
  }

  /// The filter that was kept under `key`; nil when `words` are another one, or not whole.
  public init?(kept words: [UInt64], under key: FilterKey) {
    let start = SeccompFilter.head + key.words.count
    guard words.count > start, words[1] == UInt64(key.words.count), words[2] < SeccompFilter.trapsBit << 1 else { return nil }
    guard words[SeccompFilter.head..<start] == key.words[...], words[0] == mixed(words[1...]) else { return nil }
    let program = Array(words[start...])
    guard SeccompFilter.isWhole(program) else { return nil }
    self.program = program
    flags = UInt32(truncatingIfNeeded: words[2])
    traps = words[2] & SeccompFilter.trapsBit != 0
    // What notifies is not kept.
    notifies = false
  }

  /// Whether a program has only instructions that the assembler writes, jumps that stay inside, and an end.
  static func isWhole(_ program: [UInt64]) -> Bool {
    guard let last = program.last, last & 0xFFFF == 0x06, program.count <= 4096 else { return false }
    for (index, instruction) in program.enumerated() {
      let left = UInt64(program.count - index - 1)
      switch instruction & 0xFFFF {
      // BPF_LD | BPF_W | BPF_ABS, of the 64 bytes of struct seccomp_data.
      case 0x20: if instruction >> 32 > 60 || instruction >> 32 & 3 != 0 { return false }
      // BPF_ALU | BPF_AND | BPF_K, BPF_RET | BPF_K.
      case 0x54, 0x06: break
      // BPF_JMP | BPF_JA, and then with BPF_JEQ, BPF_JGT, BPF_JGE.
      case 0x05: if instruction >> 32 >= left { return false }
      case 0x15, 0x25, 0x35: if max(instruction >> 16 & 0xFF, instruction >> 24 & 0xFF) >= left { return false }
      default: return false
      }
    }
    return true
  }
}
