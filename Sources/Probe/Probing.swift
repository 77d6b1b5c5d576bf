public import Linux

/// Tries features by making use of them, each in a child of its own.
///
/// What is made for it has the name `apus-check-PID`: a group, right below the mount point of a hierarchy, or a directory where the data directory is or
/// would be. It is removed at once.
public final class Probing {
  let surroundings: Surroundings
  let name: Path
  private let dataParent: Path

  public init(_ surroundings: Surroundings) {
    self.surroundings = surroundings
    name = Path("apus-check-\(processID())")
    dataParent = Probing.existing(surroundings.dataDirectory)
  }

  /// The store's directory for what is being made, or where that would be: the last directory of the path that is there.
  private static func existing(_ directory: Path) -> Path {
    let temporary = directory.appending("tmp")
    if isDirectory(temporary) { return temporary }
    var found: Path = "/"
    for part in directory.components {
      let next = found.appending(part)
      if !isDirectory(next) { break }
      found = next
    }
    return found
  }

  private static func isDirectory(_ path: Path) -> Bool { (try? { () throws(Errno) in _ = try FileDescriptor.open(path, .path | .directory) }()) != nil }

  /// How a feature is tried: the first word of its row's `probing`.
  enum Verb: Int {
    case hierarchy, controller, unshare, mount, type, call, action, feature, file, group, limit, freezer, bpf, birth, overlay, verity, nosymfollow, hidepid,
      pivot
    case root, seccomp, modules, landlock, keyring, memfd, ioPriority, memoryPolicy, link, nat, nftables, socket, loop, device

    /// Nil for a word that is none.
    init?(_ word: ArraySlice<UInt8>) {
      let known: Literal = """
        hierarchy controller unshare mount type call action feature file group limit freezer bpf birth overlay verity nosymfollow hidepid pivot root \
        seccomp modules landlock keyring memfd io-priority memory-policy link nat nftables socket loop device
        """
      for (index, name) in words(of: known).enumerated() where name.utf8.elementsEqual(word) {
        self.init(rawValue: index)
        return
      }
      return nil
    }
  }

  /// Tries the feature of a row.
  public func outcome(_ row: FeatureRow) -> Outcome {
    let words = row[.probing].utf8.split { $0 == 0x20 }
    guard let verb = Verb(words[0]) else { return Outcome(Outcome.untried) }
    switch verb {
    case .hierarchy:
      let isThere = words.count == 1 ? surroundings.hasHierarchy : surroundings.unified != nil
      return isThere ? Outcome(.present) : Outcome(.absent, detail: "none is mounted")
    case .controller: return surroundings.place(row.feature) == nil ? Outcome(.absent, detail: "in no mounted hierarchy") : Outcome(.present)
    case .overlay, .verity: if let refusal = makeDataDirectory() { return refusal }
    default: break
    }
    var outcome = tryInChild { () throws(Errno) in try self.attempt(verb, words, row.feature) }
    // What a child that was killed has left goes as well.
    switch verb {
    case .overlay, .verity:
      try? FileDescriptor.open(dataParent, .readOnly | .directory).removeTree(name)
      outcome.detail = dataPlace
    case .group, .birth, .bpf, .freezer: removeGroup(surroundings.unified)
    case .limit: removeGroup(controller(words[1])?.mountPoint)
    case .pivot where outcome.state != .present && !surroundings.isOnFirstRoot:
      // As in a root of chroot(2): containers are refused, and nothing stands in by itself.
      return Outcome(.unknown, errno: outcome.errno, detail: "it fails, though this is not the first RAM disk; --no-pivot does without")
    default: break
    }
    return outcome
  }

  /// Whether this kernel has the file system `type`, tried by mounting it.
  public func outcome(fileSystem type: Path) -> Outcome {
    tryInChild { () throws(Errno) in
      try self.tryType(type)
      return ""
    }
  }

  // MARK: in the child

  private func attempt(_ verb: Verb, _ words: [ArraySlice<UInt8>], _ feature: Feature) throws(Errno) -> String {
    // A filter that traps a call is told by its signal, whatever this program does about that elsewhere.
    Signal(rawValue: 31).setDefaultAction()
    let word = words.count > 1 ? words[1] : []
    switch verb {
    case .hierarchy, .controller: throw Outcome.untried
    case .unshare: try unshare(NamespaceFlags(rawValue: hexadecimal(word)))
    case .mount: try mountPrivately(Path(bytes: word))
    case .type: try tryType(Path(bytes: word))
    case .call: try KernelTrial.call(decimal(word) ?? 0)
    case .action: try KernelTrial.seccompAction(UInt32(truncatingIfNeeded: hexadecimal(word)))
    case .feature: try look(feature)
    case .file: _ = try FileDescriptor.open(Path(bytes: word), .readOnly).readAll(limit: 1 << 16)
    case .group, .bpf, .birth: try inGroup { (group) throws(Errno) in try self.use(group, verb, words) }
    case .limit: try limit(words)
    case .freezer: try freezer()
    case .overlay: try overlay(word)
    case .verity: try verity()
    case .nosymfollow: try nosymfollow()
    case .hidepid: try hidepid()
    case .pivot: try pivot()
    case .root: if effectiveUser() != 0 { throw .notPermitted }
    case .seccomp:
      try ThisProcess.setNoNewPrivileges()
      // SECCOMP_RET_ALLOW for every call: struct sock_filter, BPF_RET | BPF_K.
      try ThisProcess.loadSeccompFilter([0x7FFF_0000_0000_0006], flags: 0)
    case .modules: return try securityModules()
    case .landlock:
      let version = try KernelTrial.landlockVersion()
      guard version >= Int32(truncatingIfNeeded: decimal(word) ?? 1) else { throw .notSupported }
      return Text("version \(version)").string
    case .keyring: _ = try ThisProcess.joinSessionKeyring(name)
    case .memfd: _ = try MemoryFile.empty(name: "apus")
    // IOPRIO_CLASS_NONE and MPOL_DEFAULT change nothing.
    case .ioPriority: try ThisProcess.setIOPriority(0)
    case .memoryPolicy: try ThisProcess.setMemoryPolicy(0, nodes: NumberSet())
    case .link, .nat, .nftables:
      try unshare(.network)
      switch verb {
      case .link: try RouteSocket().make("apus0", kind: word)
      case .nat: try KernelTrial.iptablesTable("nat")
      default: try RouteSocket.findNftables()
      }
    case .socket:
      try becomeNobody()
      try KernelTrial.internetSocket()
    case .loop: return Text("loop\(try freeLoopDevice()) is free").string
    // Not opened: that starts it, and the machine is rebooted when nobody goes on.
    case .device: if try FileDescriptor.open(Path(bytes: word), .path).status().type != .characterDevice { throw .noDevice }
    }
    return ""
  }

  /// Has mounts of its own, of which nobody else hears.
  private func ownMounts() throws(Errno) {
    try unshare(.mount)
    try changeMount("/", .private | .recursive)
  }

  /// Mounts a file system on /proc, which is there everywhere.
  private func mountPrivately(_ type: Path, _ flags: MountFlags = [], data: Path = "") throws(Errno) {
    try ownMounts()
    try mount("apus", on: Probing.proc, type: type, flags, data: data)
  }

  private static var proc: Path { "/proc" }

  /// The kernel looks for the type before anything else: only ENODEV says that there is none. No block device is named for those that want one.
  private func tryType(_ type: Path) throws(Errno) {
    do throws(Errno) {
      try mountPrivately(type)
    } catch {
      if error == .noDevice || error == .notPermitted { throw error }
    }
  }

  /// mount(2) passes over a flag that it does not know.
  private func nosymfollow() throws(Errno) {
    try mountPrivately("tmpfs", .noSymbolicLinks)
    guard try FileDescriptor.open(Probing.proc, .path).fileSystemStatus().mountFlags.contains(.noSymbolicLinks) else { throw .invalidArgument }
  }

  /// Before Linux 5.8 all mounts of proc in a PID namespace have the options of the first, and those of a later one are passed over.
  private func hidepid() throws(Errno) {
    try mountPrivately("proc", data: "hidepid=2")
    try becomeNobody()
    do throws(Errno) {
      _ = try FileDescriptor.open("/proc/1", .path).status()
    } catch {
      if error == .noSuchFileOrDirectory { return }
      throw error
    }
    throw .invalidArgument
  }

  private func pivot() throws(Errno) {
    try mountPrivately("tmpfs")
    do throws(SystemError) {
      try pivotRoot(to: try during("open", "/proc") { () throws(Errno) in try FileDescriptor.open(Probing.proc, .path | .directory) })
    } catch {
      throw error.errno
    }
  }

  private func becomeNobody() throws(Errno) {
    try ThisProcess.setSupplementaryGroups([])
    try ThisProcess.setGroup(65534)
    try ThisProcess.setUser(65534)
  }

  /// The names of the active modules: of securityfs, wherever that is mounted; of a kernel without it those that show elsewhere, as far as they do.
  private func securityModules() throws(Errno) -> String {
    do throws(Errno) {
      try mountPrivately("securityfs")
      return string(try FileDescriptor.open("/proc/lsm", .readOnly).readAll(limit: 4096)[...])
    } catch {
      // EPERM: it may be mounted already.
      if let names = try? FileDescriptor.open("/sys/kernel/security/lsm", .readOnly).readAll(limit: 4096) { return string(names[...]) }
    }
    var found: [String] = []
    for feature in [Feature.selinux, .apparmor] where (try? feature.isPresent()) ?? false { found.append(feature.row[.key]) }
    if (try? FileDescriptor.open("/proc/sys/kernel/yama", .path)) != nil { found.append("yama") }
    if (try? KernelTrial.landlockVersion()) != nil { found.append(Feature.landlock.row[.key]) }
    if found.isEmpty { throw .noSuchFileOrDirectory }
    return Text("\(joined(found, with: ",")), and what shows in securityfs alone").string
  }

  private func freeLoopDevice() throws(Errno) -> Int32 {
    do throws(Errno) {
      return try KernelTrial.freeLoopDevice(FileDescriptor.open("/dev/loop-control", .readOnly))
    } catch {
      if error != .noSuchFileOrDirectory { throw error }
      // Android's place.
      return try KernelTrial.freeLoopDevice(FileDescriptor.open("/dev/block/loop-control", .readOnly))
    }
  }

  private func look(_ feature: Feature) throws(Errno) {
    do throws(SystemError) {
      if try feature.isPresent() { return }
    } catch {
      throw error.errno
    }
    throw .noSuchFileOrDirectory
  }
}

/// A number in hexadecimal digits, as the table has it.
private func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt64 {
  var number: UInt64 = 0
  for digit in digits { number = number << 4 | UInt64(digit < 0x3A ? digit - 0x30 : digit - 0x57) }
  return number
}

// MARK: below the data directory

extension Probing {
  /// Where the data directory is, or would be: the type of its file system, and flags of its mount that matter to what lies there.
  private var dataPlace: String {
    // Where a link on the way leads: on Android most of the way is links.
    guard let bytes = try? readFile("/proc/self/mountinfo", limit: 16 << 20), let directory = try? FileDescriptor.open(dataParent, .path),
      let place = try? directory.currentPath(), let flags = try? directory.fileSystemStatus().mountFlags
    else { return "" }
    let table = MountTable(bytes)
    var found: MountEntry?
    for entry in table.entries where isPrefix(entry.mountPoint, of: place.bytes[...]) && table.isVisible(entry) {
      if let best = found, best.mountPoint.count > entry.mountPoint.count { continue }
      found = entry
    }
    guard let found else { return "" }
    var words = string(found.type)
    let known: [(MountFlags, Literal)] = [(.readOnly, "ro"), (.noSetUserID, "nosuid"), (.noDevices, "nodev"), (.noExecute, "noexec")]
    for (flag, word) in known where flags.contains(flag) { words += Text(",\(word)").string }
    return Text("\(place) is on \(words)").string
  }

  /// Makes the directory; the outcome when it cannot be made.
  private func makeDataDirectory() -> Outcome? {
    do throws(Errno) {
      let parent = try FileDescriptor.open(dataParent, .readOnly | .directory)
      try? parent.removeTree(name)
      try parent.makeDirectory(name, mode: 0o700)
      return nil
    } catch {
      return Outcome(error)
    }
  }

  /// An overlay with everything in the directory, in which a file is made and one removed.
  private func overlay(_ option: ArraySlice<UInt8>) throws(Errno) {
    // First: what is opened before is in the mounts of the parent, where this process mounts nothing.
    try ownMounts()
    let directory = try FileDescriptor.open(dataParent.appending(name.bytes), .readOnly | .directory)
    for part: Path in ["lower", "upper", "work", "merged"] { try directory.makeDirectory(part, mode: 0o700) }
    _ = try directory.open("lower/file", .writeOnly | .create, mode: 0o600)
    try ThisProcess.changeDirectory(directory)
    var data = Array("lowerdir=lower,upperdir=upper,workdir=work".utf8)
    if !option.isEmpty { data += [0x2C] + option }
    try mount("overlay", on: "merged", type: "overlay", [], data: Path(bytes: data))
    _ = try FileDescriptor.open("merged/new", .writeOnly | .create, mode: 0o600)
    try FileDescriptor.open("merged", .path).unlink("file")
  }

  private func verity() throws(Errno) {
    let directory = try FileDescriptor.open(dataParent.appending(name.bytes), .readOnly | .directory)
    _ = try directory.open("file", .writeOnly | .create, mode: 0o600)
    try KernelTrial.verity(directory.open("file", .readOnly))
  }
}

// MARK: in groups

extension Probing {
  /// `r0 = 1; exit`: a device program that lets everything pass.
  private static var allowEverything: [BPFInstruction] { [BPFInstruction(code: 0xB7, immediate: 1), BPFInstruction(code: 0x95)] }

  /// Makes a group, in the v2 hierarchy unless another is named, and removes it after `body`.
  private func inGroup(at mountPoint: Path? = nil, _ body: (borrowing FileDescriptor) throws(Errno) -> Void) throws(Errno) {
    guard let mountPoint = mountPoint ?? surroundings.unified else { throw .noSuchFileOrDirectory }
    let above = try FileDescriptor.open(mountPoint, .readOnly | .directory)
    let group = try above.ensureDirectory(name, mode: 0o755)
    defer { removeGroup(mountPoint) }
    try body(group)
  }

  /// A process that has just ended may keep its group busy for a moment.
  private func removeGroup(_ mountPoint: Path?) {
    guard let mountPoint else { return }
    for _ in 0..<100 {
      do throws(Errno) {
        try FileDescriptor.open(mountPoint, .readOnly | .directory).removeDirectory(name)
        return
      } catch {
        if error != .busy { return }
        _ = try? waitForInput([], timeoutMilliseconds: 10)
      }
    }
  }

  /// Reads a control file, or writes a value to it; attaches a program; has a process born in the group.
  private func use(_ group: borrowing FileDescriptor, _ verb: Verb, _ words: [ArraySlice<UInt8>]) throws(Errno) {
    switch verb {
    case .bpf: try group.attachDeviceProgram(Probing.allowEverything)
    case .birth:
      switch try cloneProcess([], cgroup: group.rawValue) {
      case .child: exitProcess(0)
      case .parent(let child): _ = try waitForExit(of: child)
      }
    default:
      let file = Path(bytes: words[1])
      if words.count > 2 {
        try group.open(file, .writeOnly).writeValue(string(words[2]))
      } else {
        _ = try group.open(file, .readOnly).readAll(limit: 1 << 16)
      }
    }
  }

  /// The freezer of v2, which every group has since Linux 5.2, else that of v1.
  private func freezer() throws(Errno) {
    do throws(Errno) {
      try inGroup { (group) throws(Errno) in try group.open("cgroup.freeze", .writeOnly).writeValue("0") }
    } catch {
      guard let place = surroundings.place(.freezer), place.version == 1 else { throw error }
    }
  }

  /// The place of the controller with this key.
  private func controller(_ key: ArraySlice<UInt8>) -> Surroundings.Place? { surroundings.controllers.first { $0.feature.row[.key].utf8.elementsEqual(key) } }

  /// `limit CONTROLLER FILE-OF-V1 FILE-OF-V2`: the file is there in a new group.
  private func limit(_ words: [ArraySlice<UInt8>]) throws(Errno) {
    guard let place = controller(words[1]) else { throw .noSuchFileOrDirectory }
    try inGroup(at: place.mountPoint) { (group) throws(Errno) in
      do throws(Errno) {
        _ = try group.open(Path(bytes: words[place.version + 1]), .path)
      } catch {
        if error != .noSuchFileOrDirectory || place.version == 1 { throw error }
        // The group above has not handed the controller down, and is not made to: it may be somebody's.
        let controllers = try group.open("cgroup.controllers", .readOnly).readAll(limit: 4096)
        if !controllers.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }).contains(where: { $0.elementsEqual(place.word.utf8) }) { throw Outcome.untried }
        throw error
      }
    }
  }
}
