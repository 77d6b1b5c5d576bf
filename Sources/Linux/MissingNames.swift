internal import CLinux

/// What is missing of a path inside a root, to be made in the last directory of it that is there. The kernel finds that (openat2(2)); from there on every name is
/// made and opened by itself, and none of them may be a link or `..`.
///
/// Allocates nothing, because mount points are made in the new process.
struct MissingNames {
  private let root: Int32
  /// The path, which has a NUL in place of a slash where a part of it was taken by itself.
  private let text: UnsafeMutableBufferPointer<CChar>
  private let count: Int

  /// `text` holds a path of `count` bytes and a NUL behind it.
  init(_ root: Int32, _ text: UnsafeMutableBufferPointer<CChar>, _ count: Int) {
    self.root = root
    self.text = text
    self.count = count
  }

  /// Opens the last name as `O_PATH`: a file, where `file` is its mode, else a directory.
  func make(file: UInt32?, directories: UInt32) throws(Errno) -> FileDescriptor {
    guard let base = text.baseAddress else { throw .invalidArgument }
    var start = count
    var here = FileDescriptor(owning: try lastDirectory(base, &start))
    while true {
      var end = start
      while end < count, !isBetweenNames(end) { end += 1 }
      var next = end
      while next < count, isBetweenNames(next) { next += 1 }
      text[end] = 0
      let name = base + start
      if end - start == 2, name[0] == MissingNames.dot, name[1] == MissingNames.dot { throw .invalidArgument }
      if end - start > 1 || name[0] != MissingNames.dot {
        here = try MissingNames.make(name, in: here, file: next == count ? file : nil, directories: directories)
      }
      if next == count { return here }
      start = next
    }
  }

  /// Opens the last directory that is there; `start` is then where the first name begins that is not.
  private func lastDirectory(_ base: UnsafeMutablePointer<CChar>, _ start: inout Int) throws(Errno) -> Int32 {
    while true {
      while start > 0, isBetweenNames(start - 1) { start -= 1 }
      while start > 0, !isBetweenNames(start - 1) { start -= 1 }
      let isBelowRoot = start > 1
      if isBelowRoot { text[start - 1] = 0 }
      let flags: OpenFlags = .path | .directory | .closeOnExec
      let opened = isBelowRoot ? RootDirectory.openByKernel(root, base, flags) : RootDirectory.openByKernel(root, ".", flags)
      if opened >= 0 { return opened }
      if opened != 0 - Errno.noSuchFileOrDirectory.rawValue || !isBelowRoot { throw Errno(rawValue: 0 - opened) }
      start -= 1
    }
  }

  private static func make(
    _ name: UnsafePointer<CChar>, in directory: borrowing FileDescriptor, file: UInt32?, directories: UInt32
  ) throws(Errno) -> FileDescriptor {
    let parent = directory.rawValue
    var flags: OpenFlags = .path | .noFollow | .closeOnExec
    if let file {
      let creating: OpenFlags = .writeOnly | .create | .exclusive | .noFollow | .closeOnExec
      closeDescriptor(try checked { clinux_openat(parent, name, creating.rawValue, file) })
    } else {
      do throws(Errno) {
        _ = try checked { clinux_mkdirat(parent, name, directories) }
      } catch {
        // Somebody else made it between the two calls: open what is there.
        if error != .fileExists { throw error }
      }
      flags.formUnion(.directory)
    }
    return FileDescriptor(owning: try checked { clinux_openat(parent, name, flags.rawValue, 0) })
  }

  private func isBetweenNames(_ index: Int) -> Bool { text[index] == 0 || text[index] == CChar(bitPattern: Path.slash) }

  private static var dot: CChar { CChar(bitPattern: Path.dot) }
}
