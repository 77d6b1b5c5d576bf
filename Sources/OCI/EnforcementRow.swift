internal import JSON

/// An isolation or a limit that was asked for, and what became of it.
public struct EnforcementRow: Equatable, Sendable {
  /// The place in config.json that asks for it, such as `linux.resources.pids.limit`.
  public var what: String
  /// What it asks for.
  public var asked: String
  /// What the kernel has of it; `none` when it is not there.
  public var applied: String
  /// What sees to it: a control file, a system call, a security module; or why nothing does, or nothing has to.
  public var by: String

  @inline(never)
  public init(what: String, asked: String, applied: String, by: String) {
    self.what = what
    self.asked = asked
    self.applied = applied
    self.by = by
  }

  /// The row as a line, without anything that would do something to a terminal.
  public var line: String {
    var bytes: [UInt8] = []
    for byte in Array(Text("\(what): \(asked) -> \(applied) by \(by)").string.utf8) { bytes.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte) }
    return string((bytes + [0x0A])[...])
  }

  func write(to writer: inout JSONWriter) {
    let names: Literal = "what asked applied by"
    writer.object { writer in
      var position: UInt8 = 0
      for value in [what, asked, applied, by] {
        writer.member(word(position, of: names), value)
        position += 1
      }
    }
  }
}
