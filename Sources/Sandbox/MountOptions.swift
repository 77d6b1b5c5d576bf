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
    for option in options.flatMap({ MountOptions.parts(of: $0) }) {
      if let meaning = table.first(where: { option.equals($0.0) })?.1 {
        apply(meaning)
      } else {
        if !data.isEmpty { data.append(0x2C) }
        data.append(contentsOf: option.utf8)
      }
    }
  }

  /// The options of one entry. What belongs to the file system is put together again with commas, so that a quoted one is not changed by this.
  private static func parts(of entry: String) -> [String] {
    if !entry.utf8.contains(0x2C) { return [entry] }
    return entry.utf8.split(separator: 0x2C).map { String(decoding: Array($0), as: UTF8.self) }
  }

  private enum Meaning {
    case nothing
    case set(MountFlags)
    case clear(MountFlags)
    case recursiveSet(MountFlags)
    case recursiveClear(MountFlags)
    case propagation(MountFlags)
    case bind(recursive: Bool)
    case remount
    case copyUp
    case mapOwners(recursive: Bool)
  }

  private mutating func apply(_ meaning: Meaning) {
    switch meaning {
    case .nothing: break
    case .set(let flag):
      set.formUnion(flag)
      clear.subtract(flag)
    case .clear(let flag):
      clear.formUnion(flag)
      set.subtract(flag)
    case .recursiveSet(let flag):
      recursiveSet.formUnion(flag)
      recursiveClear.subtract(flag)
    case .recursiveClear(let flag):
      recursiveClear.formUnion(flag)
      recursiveSet.subtract(flag)
    case .propagation(let flags): propagation = flags
    case .bind(let recursive):
      isBind = true
      isRecursiveBind = isRecursiveBind || recursive
    case .remount: isRemount = true
    case .copyUp: copiesUp = true
    case .mapOwners(let recursive):
      mapsOwners = true
      mapsOwnersRecursively = recursive
    }
  }

  /// The options of the table.
  static var names: [StaticString] { table.map { $0.0 } }

  /// The table of the specification.
  private static var table: [(StaticString, Meaning)] {
    [
      ("defaults", .nothing),
      ("bind", .bind(recursive: false)),
      ("rbind", .bind(recursive: true)),
      ("ro", .set(.readOnly)),
      ("rw", .clear(.readOnly)),
      ("nosuid", .set(.noSetUserID)),
      ("suid", .clear(.noSetUserID)),
      ("nodev", .set(.noDevices)),
      ("dev", .clear(.noDevices)),
      ("noexec", .set(.noExecute)),
      ("exec", .clear(.noExecute)),
      ("sync", .set(.synchronous)),
      ("async", .clear(.synchronous)),
      ("dirsync", .set(.directorySynchronous)),
      ("mand", .set(.mandatoryLocks)),
      ("nomand", .clear(.mandatoryLocks)),
      ("atime", .clear(.noAccessTime)),
      ("noatime", .set(.noAccessTime)),
      ("diratime", .clear(.noDirectoryAccessTime)),
      ("nodiratime", .set(.noDirectoryAccessTime)),
      ("relatime", .set(.relativeAccessTime)),
      ("norelatime", .clear(.relativeAccessTime)),
      ("strictatime", .set(.strictAccessTime)),
      ("nostrictatime", .clear(.strictAccessTime)),
      ("iversion", .set(.inodeVersion)),
      ("noiversion", .clear(.inodeVersion)),
      ("lazytime", .set(.lazyTime)),
      ("nolazytime", .clear(.lazyTime)),
      ("silent", .set(.silent)),
      ("loud", .clear(.silent)),
      ("nosymfollow", .set(.noSymbolicLinks)),
      ("symfollow", .clear(.noSymbolicLinks)),
      ("rro", .recursiveSet(.readOnly)),
      ("rrw", .recursiveClear(.readOnly)),
      ("rnosuid", .recursiveSet(.noSetUserID)),
      ("rsuid", .recursiveClear(.noSetUserID)),
      ("rnodev", .recursiveSet(.noDevices)),
      ("rdev", .recursiveClear(.noDevices)),
      ("rnoexec", .recursiveSet(.noExecute)),
      ("rexec", .recursiveClear(.noExecute)),
      ("rnodiratime", .recursiveSet(.noDirectoryAccessTime)),
      ("rdiratime", .recursiveClear(.noDirectoryAccessTime)),
      ("rrelatime", .recursiveSet(.relativeAccessTime)),
      ("rnorelatime", .recursiveClear(.relativeAccessTime)),
      ("rnoatime", .recursiveSet(.noAccessTime)),
      ("ratime", .recursiveClear(.noAccessTime)),
      ("rstrictatime", .recursiveSet(.strictAccessTime)),
      ("rnostrictatime", .recursiveClear(.strictAccessTime)),
      ("rnosymfollow", .recursiveSet(.noSymbolicLinks)),
      ("rsymfollow", .recursiveClear(.noSymbolicLinks)),
      ("private", .propagation(.private)),
      ("rprivate", .propagation(.private | .recursive)),
      ("shared", .propagation(.shared)),
      ("rshared", .propagation(.shared | .recursive)),
      ("slave", .propagation(.slave)),
      ("rslave", .propagation(.slave | .recursive)),
      ("unbindable", .propagation(.unbindable)),
      ("runbindable", .propagation(.unbindable | .recursive)),
      ("idmap", .mapOwners(recursive: false)),
      ("ridmap", .mapOwners(recursive: true)),
      ("tmpcopyup", .copyUp),
      ("remount", .remount),
    ]
  }
}
