internal import Linux

/// What the new process needs memory for and knows before the clone: made by the launching process, because the new one allocates nothing
/// (docs/decisions/malloc.md).
final class Supplies {
  let arguments: CStringArray
  /// The program's; `last` is for HOME, when `resolveIdentity` is to find out what that is.
  var environment: CStringArray
  let program: ProgramSearch
  /// The descriptors that are not closed with those of the host.
  private(set) var keptDescriptors: [Int32]
  /// Kernel parameters that only root of the container's user namespace may set: since Linux 6.9 those of its IPC namespace, which were the host's root's before.
  var refusedParameters: [KernelParameter] = []

  /// `kept` are descriptors that the new process needs itself.
  init(for plan: SandboxPlan, keeping kept: [Int32]) {
    arguments = CStringArray(plan.arguments)
    environment = CStringArray(plan.environmentWithoutHome)
    // A longer home than that is allocated when it is found.
    if plan.looksForHome { environment.last.reserveCapacity(1024) }
    program = ProgramSearch(plan)
    keptDescriptors = kept
    // Of the program's, the ones stay that apus was started with; numbers of what it has opened itself are not.
    for number in 3..<(3 + plan.preservedDescriptors) where isInherited(number) { keptDescriptors.append(number) }
    refusedParameters.reserveCapacity(plan.userNamespace == nil ? 0 : plan.kernelParameters.count)
  }

  /// The environment as text, for hooks.
  func wholeEnvironment(of plan: SandboxPlan) -> [String] {
    var entries = plan.environmentWithoutHome
    if !environment.last.isEmpty { entries.append(String(decoding: environment.last.dropLast(), as: UTF8.self)) }
    return entries
  }
}
