public import Linux

/// Which generation of control groups a hierarchy is of.
public enum CgroupGeneration: Sendable, Equatable { case v1, v2 }

/// A mounted tree of control groups.
public final class CgroupHierarchy {
  public let generation: CgroupGeneration
  public let mountPoint: Path
  /// The group that the mount shows at its mount point, as the cgroup namespace of the mounter saw it: `/` unless only a part is mounted.
  public let root: Path
  /// The group of this process, from the mount point on; nil when it lies outside of the mount.
  public fileprivate(set) var own: Path?
  /// What it can limit: the options of a v1 mount; for v2 the words of `cgroup.controllers` and what v2 does without a controller.
  public fileprivate(set) var controllers: ControllerSet
  /// The words of `cgroup.controllers` at the mount point of v2, also those of controllers that Apus does not know; empty for v1.
  public internal(set) var words: [UInt8] = []
  /// The name of a v1 hierarchy without controllers, such as `systemd`.
  public let name: [UInt8]
  /// The mount options that select a v1 hierarchy, such as `cpu,cpuacct` or `name=systemd`; empty for v2.
  public let selectors: [UInt8]
  /// Control files have no prefix: `cpus`, not `cpuset.cpus` (v1 mount option `noprefix`; Android mounts cpuset so).
  public let hasNoPrefix: Bool
  /// No group can be made here: it is mounted read-only. Groups that are there already can be looked at.
  public let isReadOnly: Bool

  init(
    _ generation: CgroupGeneration, mountPoint: Path, root: Path, controllers: ControllerSet, name: [UInt8], selectors: [UInt8], hasNoPrefix: Bool,
    isReadOnly: Bool
  ) {
    self.generation = generation
    self.mountPoint = mountPoint
    self.root = root
    self.controllers = controllers
    self.name = name
    self.selectors = selectors
    self.hasNoPrefix = hasNoPrefix
    self.isReadOnly = isReadOnly
  }

  /// Whether groups of this generation can be made here, in which the controller acts.
  func acts(_ controller: Controller, _ generation: CgroupGeneration) -> Bool {
    self.generation == generation && !isReadOnly && controllers.contains(controller)
  }

  /// The name that control file `file` has here.
  public func fileName(_ file: String) -> Path {
    if hasNoPrefix, !file.begins(with: "cgroup."), let dot = file.utf8.firstIndex(of: 0x2E) {
      return Path(bytes: file.utf8[file.utf8.index(after: dot)...])
    }
    return Path(file)
  }

  /// Whether `cgroup.controllers` at the mount point of v2 has `word`.
  func offers(_ word: ArraySlice<UInt8>) -> Bool { words.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }).contains { $0 == word } }

  /// The word that /proc/PID/cgroup has for it: the controllers or the name of a v1 hierarchy, nothing for v2.
  func isNamed(_ word: ArraySlice<UInt8>) -> Bool {
    if generation == .v2 { return word.isEmpty }
    let prefix: Literal = "name="
    if word.count > 5, word.prefix(5).matches(prefix) { return !name.isEmpty && word.dropFirst(5).elementsEqual(name) }
    guard let first = word.split(separator: 0x2C).first, let controller = Controller(name: first) else { return false }
    return controllers.contains(controller)
  }
}

/// Where the control groups of this machine are, as its mount table has them: no path is fixed.
public struct CgroupLayout {
  /// In the order of the mount table; a controller is in one hierarchy at a time, and each hierarchy is here once.
  public internal(set) var hierarchies: [CgroupHierarchy]
  /// What the same table says of the root directory: see `MountTable`.
  public private(set) var isOnFirstRoot = false

  /// In a word what is mounted.
  public enum Kind: Sendable, Equatable {
    case none, v1, v2
    /// v2, and v1 hierarchies with controllers besides.
    case hybrid
  }

  public var kind: Kind {
    let unified = unifiedIndex != nil
    let legacy = hierarchies.contains { $0.generation == .v1 && !$0.controllers.isEmpty }
    return switch (unified, legacy) {
    case (true, true): .hybrid
    case (true, false): .v2
    case (false, true): .v1
    case (false, false): .none
    }
  }

  /// The position of the v2 hierarchy in `hierarchies`; nil as well when no group can be made there.
  public var unifiedIndex: Int? { hierarchies.firstIndex { $0.generation == .v2 && !$0.isReadOnly } }

  /// The position of the hierarchy that has `controller`, and where groups can be made: v1 first, because a controller that is bound to a v1 hierarchy does not
  /// act in v2.
  public func index(of controller: Controller) -> Int? {
    hierarchies.firstIndex { $0.acts(controller, .v1) } ?? hierarchies.firstIndex { $0.acts(controller, .v2) }
  }

  /// The hierarchy that has `controller` and is mounted read-only.
  func readOnlyHierarchy(of controller: Controller) -> CgroupHierarchy? { hierarchies.first { $0.isReadOnly && $0.controllers.contains(controller) } }

  /// The hierarchy that has `controller`.
  public func hierarchy(of controller: Controller) -> CgroupHierarchy? { index(of: controller).map { hierarchies[$0] } }

  /// The layout of a system without control groups, or of one where none are used.
  public init() { hierarchies = [] }

  /// From the contents of /proc/self/mountinfo and /proc/self/cgroup, and of `cgroup.controllers` at the v2 mount point, which `unifiedControllers` reads.
  ///
  /// Pure: malformed lines are left out, so is a mount that another one hides. When a hierarchy is mounted more than once, a mount that can be written through
  /// is taken, and of those the one that shows the most.
  public init(mountInfo: [UInt8], selfCgroup: [UInt8], unifiedControllers: (Path) -> [UInt8]) {
    let table = MountTable(mountInfo)
    isOnFirstRoot = table.isOnFirstRoot
    hierarchies = []
    for entry in table.entries {
      guard let found = CgroupHierarchy(entry), table.isVisible(entry) else { continue }
      if found.generation == .v2 {
        found.words = unifiedControllers(found.mountPoint)
        found.controllers = ControllerSet(unified: found.words)
        for controller in Controller.allCases where controller.isBuiltIntoUnified { found.controllers.insert(controller) }
      }
      if let same = hierarchies.firstIndex(where: { $0.isSameHierarchy(as: found) }) {
        if found.isBetter(than: hierarchies[same]) { hierarchies[same] = found }
      } else {
        hierarchies.append(found)
      }
    }
    for line in selfCgroup.split(separator: 0x0A) { place(line) }
  }

  /// Reads the layout as this process sees it now.
  public static func discover() throws(SystemError) -> CgroupLayout {
    // A machine with thousands of mounts has megabytes; what is larger than this is not a mount table.
    let mountInfo = try readFile("/proc/self/mountinfo", limit: 16 << 20)
    var selfCgroup: [UInt8] = []
    do throws(SystemError) {
      selfCgroup = try readFile("/proc/self/cgroup", limit: 1 << 20)
    } catch {
      // It is missing in a kernel without control groups, where none can be mounted.
      if error.errno != .noSuchFileOrDirectory { throw error }
    }
    var failure: SystemError?
    let layout = CgroupLayout(mountInfo: mountInfo, selfCgroup: selfCgroup) { mountPoint in
      do throws(SystemError) {
        return try readFile(mountPoint.appending("cgroup.controllers"), limit: 1 << 16)
      } catch {
        failure = error
        return []
      }
    }
    if let failure { throw failure }
    return layout
  }

  /// Takes a line of /proc/PID/cgroup: hierarchy number, controllers, path.
  private mutating func place(_ line: ArraySlice<UInt8>) {
    guard let first = line.firstIndex(of: 0x3A), let second = line[(first + 1)...].firstIndex(of: 0x3A) else { return }
    let word = line[(first + 1)..<second]
    let path = line[(second + 1)...]
    guard let index = hierarchies.firstIndex(where: { $0.isNamed(word) }) else { return }
    let root = hierarchies[index].root.bytes
    guard path.first == Path.slash, isPrefix(root, of: path) else { return }
    let below = root.count == 1 ? path : path.dropFirst(root.count)
    let own = Path(bytes: below.isEmpty ? [Path.slash] : Array(below))
    // `/..` is how the kernel writes a group above the root of the cgroup namespace.
    if !own.hasParentReference { hierarchies[index].own = own }
  }
}

extension CgroupHierarchy {
  /// The hierarchy that a mount shows; nil when it is no cgroup mount, or a v1 mount that names neither controller nor hierarchy.
  convenience init?(_ entry: MountEntry) {
    var generation = CgroupGeneration.v1
    var controllers: ControllerSet = []
    var name: [UInt8] = []
    var selectors: [UInt8] = []
    var hasNoPrefix = false
    if entry.type.matches("cgroup2") {
      generation = .v2
    } else if entry.type.matches("cpuset") {
      // The cpuset file system of old is a v1 hierarchy with that one controller and no prefixes.
      controllers = ControllerSet(.cpuset)
      selectors = Array("cpuset,noprefix".utf8)
      hasNoPrefix = true
    } else if entry.type.matches("cgroup") {
      for option in entry.superOptions.split(separator: 0x2C) {
        if let controller = Controller(name: option) {
          controllers.insert(controller)
        } else if option.matches("noprefix") {
          hasNoPrefix = true
        } else if option.count > 5, option.prefix(5).matches("name="), let decoded = unescaped(option.dropFirst(5)) {
          name = decoded
        }
        if CgroupHierarchy.selects(option) {
          if !selectors.isEmpty { selectors.append(0x2C) }
          selectors.append(contentsOf: option)
        }
      }
      if controllers.isEmpty && name.isEmpty { return nil }
    } else {
      return nil
    }
    guard let point = unescaped(entry.mountPoint), let root = unescaped(entry.root) else { return nil }
    self.init(
      generation, mountPoint: Path(bytes: point), root: Path(bytes: root), controllers: controllers, name: name, selectors: selectors, hasNoPrefix: hasNoPrefix,
      isReadOnly: entry.isReadOnly)
  }

  /// Whether a mount option names a controller, also one that nothing here knows, or a hierarchy; the others are flags of the mount.
  private static func selects(_ option: ArraySlice<UInt8>) -> Bool {
    let flags: [Literal] = ["rw", "ro", "noprefix", "clone_children", "xattr", "cpuset_v2_mode", "seclabel", "favordynmods", "nofavordynmods"]
    for flag in flags where option.matches(flag) { return false }
    return !(option.count > 14 && option.prefix(14).matches("release_agent="))
  }

  /// Whether this mount is of more use than the other one of the same tree.
  func isBetter(than other: CgroupHierarchy) -> Bool {
    isReadOnly == other.isReadOnly ? root.bytes.count < other.root.bytes.count : other.isReadOnly
  }

  /// Whether both mounts show the same tree of groups.
  func isSameHierarchy(as other: CgroupHierarchy) -> Bool {
    guard generation == other.generation else { return false }
    if generation == .v2 { return true }
    return controllers.isEmpty ? other.controllers.isEmpty && name == other.name : controllers == other.controllers
  }
}
