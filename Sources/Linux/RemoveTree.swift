internal import CLinux

extension FileDescriptor {
  /// Removes whatever `name` is, with all that is in it; no link is followed. A name that is gone already is no error; a mount point throws `.busy` and keeps
  /// its contents.
  ///
  /// However deep the tree is, three descriptors and one directory's names are in use: a directory that is found deeper than the first level is moved up to it
  /// before anything in it is looked at, so there is no recursion that a hostile tree could drive to the end of the stack. Every directory is moved at most
  /// once. Where the medium is full and the name does not fit there any more, the directory is emptied at its place, which needs one descriptor more.
  ///
  /// Whoever makes something there meanwhile, as a killed process does that the kernel has not let go yet, makes it in vain: it is removed too, for a second. Whoever
  /// removes the same is no obstacle.
  public borrowing func removeTree(_ name: Path) throws(Errno) {
    var moved: UInt64 = 0
    var patience = 1000
    while try removeUnlessFull(name) {
      do throws(Errno) {
        try open(name, .readOnly | .directory | .noFollow).removeEntries(&moved)
        guard try removeUnlessFull(name) else { return }
        throw Errno.notEmpty
      } catch {
        // Something was made, or taken away, between a look and what it led to.
        let isChanged = error == .notEmpty || error == .fileExists || error == .noSuchFileOrDirectory || error == .notDirectory
        patience -= 1
        if !isChanged || patience == 0 { throw error }
        _ = try? waitForInput([], timeoutMilliseconds: 1)
      }
    }
  }

  /// Removes everything in this directory.
  private borrowing func removeEntries(_ moved: inout UInt64) throws(Errno) {
    while true {
      let entries = try someEntries()
      if entries.isEmpty { return }
      for entry in entries where try removeUnlessFull(entry.name) {
        try empty(entry.name, movingDirectoriesUp: &moved)
        try removeDirectory(entry.name)
      }
    }
  }

  /// Removes `name`, and tells whether it could not because it is a directory that has something in it.
  private borrowing func removeUnlessFull(_ name: Path) throws(Errno) -> Bool {
    do throws(Errno) {
      try unlink(name)
      return false
    } catch {
      if error == .noSuchFileOrDirectory { return false }
      // EPERM is what POSIX has for unlink of a directory, EISDIR what Linux says.
      if error != .isDirectory && error != .notPermitted { throw error }
    }
    do throws(Errno) {
      try removeDirectory(name)
      return false
    } catch {
      // ENOTDIR: the EPERM of before was about a file, one that is immutable for instance.
      if error == .notDirectory { throw .notPermitted }
      if error == .notEmpty || error == .fileExists { return true }
      if error == .noSuchFileOrDirectory { return false }
      throw error
    }
  }

  /// Removes what is in the directory `name` of this one; directories that are not empty move here, under names that are free.
  /// Where there is no room for a name here there is in the directory itself, from which names are taken.
  private borrowing func empty(_ name: Path, movingDirectoriesUp moved: inout UInt64, depth: Int = 0) throws(Errno) {
    let directory = try open(name, .readOnly | .directory | .noFollow)
    while true {
      let entries = try directory.someEntries()
      if entries.isEmpty { return }
      for entry in entries where try directory.removeUnlessFull(entry.name) {
        do throws(Errno) {
          try directory.moveUp(entry.name, to: self, &moved)
        } catch {
          if error != .noSpace || depth == 64 { throw error }
          try directory.empty(entry.name, movingDirectoriesUp: &moved, depth: depth + 1)
          try directory.removeDirectory(entry.name)
        }
      }
    }
  }

  private borrowing func moveUp(_ name: Path, to directory: borrowing FileDescriptor, _ moved: inout UInt64) throws(Errno) {
    // A name that is taken by an empty directory is replaced, which is as well: it would be removed anyhow.
    var attempts = 1 << 16
    while true {
      moved += 1
      do throws(Errno) {
        return try rename(name, to: directory, Path(".removed-\(moved)"))
      } catch {
        attempts -= 1
        if attempts == 0 || (error != .notEmpty && error != .fileExists && error != .notDirectory) { throw error }
      }
    }
  }

  /// The first names of this directory, as many as one read gives: a directory that is being emptied is read from its start again and again.
  private borrowing func someEntries() throws(Errno) -> [DirectoryEntry] {
    let fresh = try open(".", .readOnly | .directory)
    return try fresh.entries(atMost: 4096)
  }
}
