internal import Linux

/// A directory that several values hold open together.
final class OpenDirectory {
  let descriptor: FileDescriptor
  init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}

/// The layers below one, merged as overlayfs merges them: what a container of them sees.
///
/// It decides which whiteouts a layer needs, and what a directory looks like that the layer does not mention but has something in.
struct LowerLayers {
  /// The roots of the layers, the uppermost first.
  var roots: [OpenDirectory] = []

  enum Found: ~Copyable {
    case nothing, file
    case directory(FileDescriptor)
  }

  /// What stands at `path`, no link followed, as overlayfs does not follow any either when it merges directories.
  func find(_ path: [Path]) throws(Errno) -> Found {
    for root in roots {
      if let found = try LowerLayers.find(path, in: root.descriptor) { return found }
    }
    return .nothing
  }

  /// What one layer says about `path`; nil when the layers below it decide.
  private static func find(_ path: [Path], in root: borrowing FileDescriptor) throws(Errno) -> Found? {
    var here = try root.duplicate()
    var isOpaque = try here.isOpaque()
    for (index, name) in path.enumerated() {
      guard let status = try here.statusIfPresent(of: name) else { return isOpaque ? .nothing : nil }
      switch status.type {
      case .directory:
        here = try here.open(name, .readOnly | .directory | .noFollow)
        if index < path.count - 1, try here.isOpaque() { isOpaque = true }
      case .characterDevice where status.isWhiteout: return .nothing
      default: return index == path.count - 1 ? .file : .nothing
      }
    }
    return .directory(here)
  }
}

extension FileStatus {
  /// Whether overlayfs takes the file for a whiteout (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories").
  var isWhiteout: Bool { type == .characterDevice && specialMajor == 0 && specialMinor == 0 }
}

extension FileDescriptor {
  /// The status of `name`, or nil when there is no such name.
  borrowing func statusIfPresent(of name: Path) throws(Errno) -> FileStatus? {
    do throws(Errno) {
      return try status(of: name)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  /// Whether overlayfs shows nothing of what the layers below have in this directory.
  borrowing func isOpaque() throws(Errno) -> Bool {
    do throws(Errno) {
      return try attribute("trusted.overlay.opaque", limit: 16) == [0x79]
    } catch {
      if error == .noData || error == .notSupported { return false }
      throw error
    }
  }

  /// Makes this directory opaque.
  borrowing func makeOpaque() throws(Errno) { try setAttribute("trusted.overlay.opaque", [0x79]) }
}
