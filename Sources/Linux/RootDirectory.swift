internal import CLinux

/// A directory that paths are resolved inside of: `/` and absolute links mean this directory, `..` stops at it.
///
/// The kernel does the walk by openat2(2) (Linux 5.6) with `RESOLVE_IN_ROOT`; where it cannot, `RootWalk` does it in user space, component by component. Either
/// way no link and no rename by somebody else leads out of the root (CVE-2021-30465, CVE-2024-45310).
public struct RootDirectory: ~Copyable, Sendable {
  public let descriptor: FileDescriptor

  /// `descriptor` is an open directory; `O_PATH` is enough.
  public init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

  /// Opens `path` inside the root; links are followed inside it, the last one too unless `flags` has `.noFollow`.
  public borrowing func open(_ path: Path, _ flags: OpenFlags, mode: UInt32 = 0) throws(Errno) -> FileDescriptor {
    do throws(Errno) {
      return try openByKernel(path, flags, mode: mode)
    } catch {
      // EINVAL and EPERM may be openat2's absence or the file's own answer: the walk in user space finds out which.
      if !error.meansAbsent { throw error }
    }
    return try openByWalk(path, flags, mode: mode)
  }

  /// Makes the directories of `path` that are missing, inside the root, and opens the last as `O_PATH`. A link on the way is followed inside the root, a
  /// dangling one too: its target is then made.
  public borrowing func makeDirectories(_ path: Path, mode: UInt32) throws(Errno) -> FileDescriptor {
    // Nearly always they are all there: one call instead of five for each. What is in the way the walk finds again.
    if let found = try? openByKernel(path, .path | .directory, mode: 0) { return found }
    if let made = try? makeMissing(path, file: nil, directories: mode) { return made }
    return try RootWalk(root: descriptor).directory(path, makeMissing: mode)
  }

  /// Makes the file of `path`, empty, and the directories above it, where they are missing, inside the root, and opens it as `O_PATH`. A link on the way, or at
  /// the end of it, is followed inside the root, a dangling one too: what it leads to is then made.
  public borrowing func makeFile(_ path: Path, mode: UInt32, directories: UInt32) throws(Errno) -> FileDescriptor {
    if let found = try? openByKernel(path, .path, mode: 0) { return found }
    if let made = try? makeMissing(path, file: mode, directories: directories) { return made }
    _ = try RootWalk(root: descriptor).open(path, .writeOnly | .create, mode: mode, makeMissing: directories)
    return try open(path, .path)
  }

  /// Opens `path` inside the root and on the root's own mount: where something else is mounted on the way or on its end, it is EXDEV.
  ///
  /// Without openat2(2) it must at least be of the same file system.
  public borrowing func openOnSameMount(_ path: Path, _ flags: OpenFlags) throws(Errno) -> FileDescriptor {
    do throws(Errno) {
      // RESOLVE_NO_XDEV
      return try openByKernel(path, flags, mode: 0, alsoResolve: 0x01)
    } catch {
      if !error.meansAbsent { throw error }
    }
    let opened = try openByWalk(path, flags, mode: 0)
    guard try opened.status().device == descriptor.status().device else { throw .crossDevice }
    return opened
  }

  /// Opens `path` by openat2(2). EAGAIN means that a rename raced with the walk, so it is tried again a bounded number of times.
  borrowing func openByKernel(_ path: Path, _ flags: OpenFlags, mode: UInt32, alsoResolve: UInt64 = 0) throws(Errno) -> FileDescriptor {
    let flags = flags.union(.closeOnExec)
    let number = descriptor.rawValue
    // openat2 refuses a mode that nothing uses, with EINVAL.
    let mode = flags.contains(.create) ? mode : 0
    let opened = path.withCString { RootDirectory.openByKernel(number, $0, flags, mode: mode, alsoResolve: alsoResolve) }
    if opened < 0 { throw Errno(rawValue: 0 - opened) }
    return FileDescriptor(owning: opened)
  }

  /// A descriptor, or -errno.
  @inline(never)
  static func openByKernel(_ root: Int32, _ path: UnsafePointer<CChar>, _ flags: OpenFlags, mode: UInt32 = 0, alsoResolve: UInt64 = 0) -> Int32 {
    var attempts = 32
    while true {
      // RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS
      let opened = clinux_openat2(root, path, flags.rawValue, UInt64(mode), 0x10 | 0x02 | alsoResolve)
      if opened == 0 - Errno.interrupted.rawValue { continue }
      attempts -= 1
      if opened != 0 - Errno.wouldBlock.rawValue || attempts == 0 { return opened }
    }
  }

  /// Makes what is missing of `path`, as `MissingNames` does; `file` is the mode of a file to be made. A link or `..` in what is missing throws, as the absence of
  /// openat2(2) does: then `RootWalk` is to do it.
  borrowing func makeMissing(_ path: Path, file: UInt32?, directories: UInt32) throws(Errno) -> FileDescriptor {
    var text = InlineArray<4096, CChar>(repeating: 0)
    let count = path.count
    if count >= text.count { throw .nameTooLong }
    path.withCString { for index in 0..<count { text[index] = $0[index] } }
    let root = descriptor.rawValue
    var bytes = text.mutableSpan
    return try bytes.withUnsafeMutableBufferPointer { (text) throws(Errno) in
      try MissingNames(root, text, count).make(file: file, directories: directories)
    }
  }

  /// Opens `path` by the walk in user space.
  borrowing func openByWalk(_ path: Path, _ flags: OpenFlags, mode: UInt32) throws(Errno) -> FileDescriptor {
    try RootWalk(root: descriptor).open(path, flags, mode: mode)
  }
}

/// The walk of a path inside a root in user space, for kernels before 5.6 and for sandboxes that forbid openat2.
///
/// Each component is opened with `O_PATH | O_NOFOLLOW` from its parent's descriptor; links are read and their target is walked in their place; `..` goes back
/// to the descriptor that the walk came from, never to what the kernel would call the parent by then.
struct RootWalk: ~Copyable {
  private let root: Int32
  /// Descriptors of the directories between the root and here, owned.
  private var stack: [Int32] = []
  /// What is still to be walked, last component first.
  private var pending: [ArraySlice<UInt8>] = []
  private var linksLeft = 40

  init(root: borrowing FileDescriptor) { self.root = root.rawValue }

  deinit {
    for descriptor in stack { closeDescriptor(descriptor) }
  }

  private var here: Int32 { stack.last ?? root }

  /// Walks all of `path`, which must be directories, and gives the last as `O_PATH`.
  consuming func directory(_ path: Path, makeMissing mode: UInt32?) throws(Errno) -> FileDescriptor {
    push(path)
    while let name = pending.popLast() {
      if let entered = try enter(name, makeMissing: mode) {
        if try FileDescriptor.isDirectory(entered) {
          stack.append(entered)
        } else {
          closeDescriptor(entered)
          throw .notDirectory
        }
      }
    }
    let number = here
    return FileDescriptor(owning: try checked { clinux_duplicate(number, 3) })
  }

  /// Opens the file that `path` names with `flags`; `makeMissing` is the mode of directories on the way that are made when they are missing.
  consuming func open(_ path: Path, _ flags: OpenFlags, mode: UInt32, makeMissing: UInt32? = nil) throws(Errno) -> FileDescriptor {
    push(path)
    while let name = pending.popLast() {
      let isLast = pending.isEmpty
      if isLast, !Path.isParentReference(name) {
        if let opened = try openLast(name, flags, mode: mode) { return opened }
        continue
      }
      if let entered = try enter(name, makeMissing: makeMissing) {
        stack.append(entered)
      }
    }
    // The path ended in the root, in `..` or in a link to either: a directory. Its descriptor's name in /proc would do as well, where /proc is to be trusted.
    let (number, itself) = (here, Path("."))
    let flags = flags.subtracting(.noFollow | .create | .exclusive).union(.closeOnExec)
    return FileDescriptor(owning: try checked { itself.withCString { clinux_openat(number, $0, flags.rawValue, 0) } })
  }

  /// Opens the last component, or, when it is a link to follow, puts the link's target in its place and gives nil.
  private mutating func openLast(_ name: ArraySlice<UInt8>, _ flags: OpenFlags, mode: UInt32) throws(Errno) -> FileDescriptor? {
    let parent = here
    let component = Path(bytes: name)
    do throws(Errno) {
      let handle = FileDescriptor(
        owning: try checked { component.withCString { clinux_openat(parent, $0, clinux_O_PATH | clinux_O_NOFOLLOW | clinux_O_CLOEXEC, 0) } })
      let type = try handle.status().type
      if type == .symbolicLink {
        if flags.contains(.exclusive) && flags.contains(.create) { throw Errno.fileExists }
        if !flags.contains(.noFollow) {
          try follow(parent, component)
          return nil
        }
        if !flags.contains(.path) { throw Errno.tooManyLinks }
      }
    } catch {
      if error != .noSuchFileOrDirectory || !flags.contains(.create) { throw error }
    }
    let noFollow = flags.union(.noFollow | .closeOnExec)
    return FileDescriptor(owning: try checked { component.withCString { clinux_openat(parent, $0, noFollow.rawValue, mode) } })
  }

  /// Opens `name` as `O_PATH` for the walk to go on in it; nil when the walk has moved by itself, up or along a link.
  private mutating func enter(_ name: ArraySlice<UInt8>, makeMissing mode: UInt32?) throws(Errno) -> Int32? {
    if Path.isParentReference(name) {
      if let last = stack.popLast() { closeDescriptor(last) }
      return nil
    }
    let parent = here
    let component = Path(bytes: name)
    var opened: Int32 = -1
    do throws(Errno) {
      opened = try checked { component.withCString { clinux_openat(parent, $0, clinux_O_PATH | clinux_O_NOFOLLOW | clinux_O_CLOEXEC, 0) } }
    } catch {
      guard error == .noSuchFileOrDirectory, let mode else { throw error }
      do throws(Errno) {
        _ = try checked { component.withCString { clinux_mkdirat(parent, $0, mode) } }
      } catch {
        // Somebody else made it between the two calls: open what is there.
        if error != .fileExists { throw error }
      }
      opened = try checked { component.withCString { clinux_openat(parent, $0, clinux_O_PATH | clinux_O_NOFOLLOW | clinux_O_CLOEXEC, 0) } }
    }
    let handle = FileDescriptor(owning: opened)
    if try handle.status().type == .symbolicLink {
      try follow(parent, component)
      return nil
    }
    return handle.release()
  }

  private mutating func follow(_ parent: Int32, _ component: Path) throws(Errno) {
    linksLeft -= 1
    if linksLeft < 0 { throw .tooManyLinks }
    push(try readLinkContents(parent, component))
  }

  /// Puts the components of `path` before what is still to be walked; an absolute path starts again at the root.
  private mutating func push(_ path: Path) {
    if path.isAbsolute {
      for descriptor in stack { closeDescriptor(descriptor) }
      stack = []
    }
    pending.append(contentsOf: path.components.reversed())
  }
}

extension FileDescriptor {
  /// Whether the descriptor number stands for a directory.
  static func isDirectory(_ number: Int32) throws(Errno) -> Bool {
    var raw = clinux_stat()
    _ = try checked { clinux_fstatat(number, "", &raw, emptyPath) }
    return raw.mode & 0o170000 == 0o040000
  }
}
