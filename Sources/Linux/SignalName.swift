extension Signal {
  /// From what a command line gives: a name with or without `SIG` in any case, a number from 1 to 64, `RTMIN`, `RTMAX`, or these with an offset; nil otherwise.
  public init?(named text: String) {
    var name: [UInt8] = []
    for byte in Array(text.utf8) { name.append(byte >= 0x61 && byte <= 0x7A ? byte - 0x20 : byte) }
    if let number = decimal(name[...]) {
      guard number >= 1, number <= 64 else { return nil }
      self.init(rawValue: Int32(truncatingIfNeeded: number))
      return
    }
    if name.begins(with: "SIG") { name.removeFirst(3) }
    for (index, known) in words(of: Signal.names).enumerated() where name.elementsEqual(known.utf8) {
      self.init(rawValue: Int32(truncatingIfNeeded: index + 1))
      return
    }
    for (alias, number) in Signal.aliases where name[...].matches(alias) {
      self.init(rawValue: number)
      return
    }
    guard name.begins(with: "RTM"), name.count >= 5 else { return nil }
    let isMinimum = name.begins(with: "RTMIN")
    if !isMinimum, !name.begins(with: "RTMAX") { return nil }
    // The C library keeps 32 and 33 (and glibc no more) to itself.
    let base: Int32 = isMinimum ? 34 : 64
    if name.count == 5 {
      self.init(rawValue: base)
      return
    }
    guard name[5] == (isMinimum ? 0x2B : 0x2D), let offset = decimal(name[6...]), offset <= 30 else { return nil }
    self.init(rawValue: isMinimum ? base + Int32(offset) : base - Int32(offset))
  }

  /// Signals 1 to 31, in their order.
  private static var names: Literal {
    """
    HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP \
    TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS
    """
  }

  /// Other names of theirs.
  private static var aliases: [(Literal, Int32)] { [("IOT", 6), ("CLD", 17), ("POLL", 29), ("UNUSED", 31)] }
}
