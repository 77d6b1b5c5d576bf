public import Linux
public import OCI

/// The processors of an additional process of a container (`process.execCPUAffinity`); the first process keeps those of the one that starts it.
public struct ProcessorAffinity: Sendable, Equatable {
  /// Until the process is in the container's groups; nil leaves it as it is.
  public var initial: NumberSet?
  /// From then on; nil leaves it to the kernel.
  public var final: NumberSet?

  /// Something is to be set before the process is in the container's groups.
  public var beginsElsewhere: Bool { initial != nil }

  /// Plans what config.json or the document of the process asks for.
  public init(_ asked: CPUAffinity?) throws(SpecError) {
    initial = try ProcessorAffinity.set(asked?.initial, "process.execCPUAffinity.initial")
    final = try ProcessorAffinity.set(asked?.final, "process.execCPUAffinity.final")
  }

  /// Sets `initial` on the calling process: before it, or the one that it starts, joins the container's groups, so that their work is not done on processors
  /// that somebody else has for himself.
  public func applyInitial() throws(SandboxError) { try ProcessorAffinity.apply(initial, "process.execCPUAffinity.initial") }

  /// Sets `final` on the calling process, which has joined the container's groups. The kernel refuses what the groups do not allow at all.
  public func applyFinal() throws(SandboxError) { try ProcessorAffinity.apply(final, "process.execCPUAffinity.final") }

  private static func set(_ list: String?, _ path: Literal) throws(SpecError) -> NumberSet? {
    guard let list, !list.utf8.isEmpty else { return nil }
    // As many as runc takes; no kernel is configured for more than 8192.
    let set = try NumberSet(list: list, below: 65536, "\(path)")
    if set.isEmpty { throw SpecError(path: "\(path)", reason: "names no processor") }
    return set
  }

  private static func apply(_ set: NumberSet?, _ path: Literal) throws(SandboxError) {
    guard let set else { return }
    do throws(Errno) {
      try ThisProcess.setAffinity(set)
    } catch {
      let reason = error == .invalidArgument ? "none of these processors is online and allowed here" : error.message
      throw SandboxError("\(path): \(reason)")
    }
  }
}
