internal import Linux

extension Store {
  /// Gives an image another name besides the one that it has; an image that had the new name before loses it.
  public func tagImage(named name: String, as other: String) throws(ImageError) {
    guard ImageName.isValid(other) else { throw ImageName.error(other) }
    // Whoever imports or removes layers waits: what the record needs is there until it has its second name.
    try withImportLock { () throws(ImageError) in
      try withStateLock { () throws(ImageError) in
        try recover()
        let stored = try record(named: name).renamed(other).stored()
        let shown: Text = "image \(other) to \(path)"
        try doing("write", shown) { () throws(Errno) in
          // What stays of it in `tmp` is the sign that there may be something to collect: the layers of an image that had the name before.
          let staging = try temporary.ensureDirectory("tag", mode: 0o700)
          let file = try staging.open("record", .writeOnly | .create | .exclusive | .noFollow, mode: 0o600)
          try file.writeAll(stored)
          try file.synchronize()
          try staging.rename("record", to: images, ImageName.fileName(other))
          try images.synchronize()
        }
        try recover()
      }
    }
  }
}
