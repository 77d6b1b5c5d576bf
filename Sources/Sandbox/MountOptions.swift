public import Linux

/// The options of one mount in config.json, told apart: flags, propagation, and what is left for the file system.
public struct MountOptions: Sendable, Equatable {
  public var set: MountFlags = []
  public var clear: MountFlags = []
  /// For all mounts of a recursive bind (`rro` and its kin, mount_setattr(2), Linux 5.12).
  public var recursiveSet: MountFlags = []
  public var recursiveClear: MountFlags = []
  public var propagation: MountFlags = []
  /// `bind` or `rbind` was given.
  public var isBind = false
  public var isRecursiveBind = false
  /// `remount` was given.
  public var isRemount = false
  /// `tmpcopyup` was given.
  public var copiesUp = false
  /// `idmap` or `ridmap` was given.
  public var mapsOwners = false
  /// `ridmap` was the last of them.
  public var mapsOwnersRecursively = false
  /// Options that the file system itself understands, joined by commas.
  public var data: [UInt8] = []

  /// Tells the options apart (runtime-spec config.md, "Linux mount options"). What is not in its table is the file system's, as the specification says.
  ///
  /// One entry may hold several options with commas between them, as for mount(8).
  public init(_ options: [String]) {
    if options.isEmpty { return }
    // Made at each use, so once for all (docs/decisions/object-outliner.md).
    let table = MountOptions.table
    for option in options.flatMap({ MountOptions.parts(of: $0) }) where !apply(option, table) {
      if !data.isEmpty { data.append(0x2C) }
      data.append(contentsOf: option.utf8)
    }
  }

  /// The options of one entry. What belongs to the file system is put together again with commas, so that a quoted one is not changed by this.
  private static func parts(of entry: String) -> [String] {
    if !entry.utf8.contains(0x2C) { return [entry] }
    return entry.utf8.split(separator: 0x2C).map { string($0) }
  }

  /// Takes what an option of the specification's table says; false for any other.
  private mutating func apply(_ option: String, _ table: [Row]) -> Bool {
    // `r` in front of the option for one mount makes it one for all mounts below.
    let rest = option.begins(with: "r") ? string(Array(option.utf8).dropFirst()) : ""
    for row in table {
      if row.has(option) {
        if option.equals(row.set) { MountOptions.add(row.flag, to: &set, from: &clear) } else { MountOptions.add(row.flag, to: &clear, from: &set) }
        return true
      }
      if row.isRecursive, row.has(rest) {
        if rest.equals(row.set) {
          MountOptions.add(row.flag, to: &recursiveSet, from: &recursiveClear)
        } else {
          MountOptions.add(row.flag, to: &recursiveClear, from: &recursiveSet)
        }
        return true
      }
    }
    for (name, flag) in MountOptions.propagations where option.equals(name) || rest.equals(name) {
      propagation = rest.equals(name) ? flag | .recursive : flag
      return true
    }
    if option.equals("bind") || rest.equals("bind") {
      isBind = true
      isRecursiveBind = isRecursiveBind || !rest.utf8.isEmpty
    } else if option.equals("idmap") || rest.equals("idmap") {
      mapsOwners = true
      mapsOwnersRecursively = !rest.utf8.isEmpty
    } else if option.equals("remount") {
      isRemount = true
    } else if option.equals("tmpcopyup") {
      copiesUp = true
    } else {
      return option.equals("defaults")
    }
    return true
  }

  @inline(never)
  private static func add(_ flag: MountFlags, to one: inout MountFlags, from other: inout MountFlags) {
    one.formUnion(flag)
    other.subtract(flag)
  }

  /// The options of the specification's table.
  static var names: [String] {
    var names = words(of: "defaults bind rbind remount tmpcopyup idmap ridmap")
    for row in table {
      for name in [row.set.description, row.clear.description] where !(names.last?.equals(name) ?? false) {
        names.append(name)
        if row.isRecursive { names.append(Text("r\(name)").string) }
      }
    }
    for (name, _) in propagations { names += [name.description, Text("r\(name)").string] }
    return names
  }

  /// A flag with the option that sets it and the one that clears it.
  private struct Row {
    let set: Literal
    let clear: Literal
    let flag: MountFlags

    /// With an `r` in front there are options for all mounts below as well.
    var isRecursive: Bool { MountFlags.perMount.contains(flag) }

    func has(_ option: String) -> Bool { option.equals(set) || option.equals(clear) }
  }

  private static var table: [Row] {
    [
      Row(set: "ro", clear: "rw", flag: .readOnly), Row(set: "nosuid", clear: "suid", flag: .noSetUserID), Row(set: "nodev", clear: "dev", flag: .noDevices),
      Row(set: "noexec", clear: "exec", flag: .noExecute), Row(set: "sync", clear: "async", flag: .synchronous),
      // Nothing clears it.
      Row(set: "dirsync", clear: "dirsync", flag: .directorySynchronous), Row(set: "mand", clear: "nomand", flag: .mandatoryLocks),
      Row(set: "noatime", clear: "atime", flag: .noAccessTime), Row(set: "nodiratime", clear: "diratime", flag: .noDirectoryAccessTime),
      Row(set: "relatime", clear: "norelatime", flag: .relativeAccessTime), Row(set: "strictatime", clear: "nostrictatime", flag: .strictAccessTime),
      Row(set: "iversion", clear: "noiversion", flag: .inodeVersion), Row(set: "lazytime", clear: "nolazytime", flag: .lazyTime),
      Row(set: "silent", clear: "loud", flag: .silent), Row(set: "nosymfollow", clear: "symfollow", flag: .noSymbolicLinks),
    ]
  }

  private static var propagations: [(Literal, MountFlags)] {
    [("private", .private), ("shared", .shared), ("slave", .slave), ("unbindable", .unbindable)]
  }
}
