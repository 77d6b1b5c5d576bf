internal import Linux

/// What the new process needs memory for and knows before the clone: made by the launching process, because the new one allocates nothing itself
/// (docs/decisions/malloc.md). What it finds out only then it puts into room that is made here; where there is more of it than usual, the room grows.
final class Supplies {
  let arguments: CStringArray
  /// The program's; `last` is for HOME, when `resolveIdentity` is to find out what that is.
  private(set) var environment: CStringArray
  let program: ProgramSearch
  /// The descriptors that are not closed with those of the host.
  private(set) var keptDescriptors: [Int32]
  /// Kernel parameters that only root of the container's user namespace may set: since Linux 6.9 those of its IPC namespace, which were the host's root's before.
  var refusedParameters: [KernelParameter] = []
  /// The user as an image names it, or the digits of a number.
  let user: [UInt8]
  /// Supplementary groups: those of config.json; the ones of an image are to come.
  var groups: [UInt32]
  /// Room for the container's /etc/passwd and /etc/group, as far as they are read.
  var passwd: [UInt8] = []
  var group: [UInt8] = []

  /// `kept` are descriptors that the new process needs itself.
  init(for plan: SandboxPlan, keeping kept: [Int32]) {
    arguments = CStringArray(plan.arguments)
    environment = CStringArray(plan.environmentWithoutHome)
    program = ProgramSearch(plan)
    keptDescriptors = kept
    var readsGroups = false
    switch plan.identity {
    case .numeric(let number, _, let numbers):
      user = Array(String(number).utf8)
      groups = numbers
    case .image(let name):
      user = Array(name.utf8)
      groups = []
      readsGroups = true
    }
    // Of the program's, the ones stay that apus was started with; numbers of what it has opened itself are not.
    for number in 3..<(3 + plan.preservedDescriptors) where isInherited(number) { keptDescriptors.append(number) }
    if plan.userNamespace != nil { refusedParameters.reserveCapacity(plan.kernelParameters.count) }
    groups.reserveCapacity(groups.count + (readsGroups ? 65 : 1))
    if plan.looksForHome { environment.last.reserveCapacity(1024) }
    if readsGroups || plan.looksForHome { passwd.reserveCapacity(Supplies.room) }
    if readsGroups { group.reserveCapacity(Supplies.room) }
  }

  /// Bytes that each of the two files has room for: several times what those of distributions have.
  private static var room: Int { 8192 }

  /// Makes `directory` the program's HOME, or "/" when it is empty.
  func setHome(_ directory: ArraySlice<UInt8>) {
    environment.last.removeAll(keepingCapacity: true)
    environment.last.append(contentsOf: SandboxPlan.home.bytes)
    if directory.isEmpty { environment.last.append(Path.slash) }
    environment.last.append(contentsOf: directory)
    environment.last.append(0)
  }

  /// The environment as text, for hooks.
  func wholeEnvironment(of plan: SandboxPlan) -> [String] {
    var entries = plan.environmentWithoutHome
    if !environment.last.isEmpty { entries.append(string(environment.last.dropLast())) }
    return entries
  }
}
