internal import Linux

/// Protection of the apus binary against the containers that it starts (CVE-2019-5736).
///
/// The first process of a container is apus until it runs the container's program, and an image can make that program `/proc/self/exe`: then the binary itself
/// runs inside, and a second process there may write to it through /proc/PID/exe. So apus runs from something that cannot be written before it starts anything.
public enum SealedProgram {
  /// Goes on when this process already runs from something that no container can write to: a read-only mount, such as the system partition of a phone or the
  /// overlay made here, or a sealed copy. Otherwise runs this program again in its place, with the same arguments, through a read-only overlay of its directory, or,
  /// where the kernel has no such thing (before Linux 5.2, no overlayfs), from a sealed copy in memory; comes back only to tell why it could not.
  public static func ensure(arguments: UnsafePointer<UnsafePointer<CChar>?>) throws(RuntimeError) {
    do throws(Errno) {
      let program = try FileDescriptor.open("/proc/self/exe", .readOnly)
      if try program.fileSystemStatus().mountFlags.contains(.readOnly) || MemoryFile.isSealed(program) { return }
      if let protected = try? throughOverlay(program) { _ = protected.execute(arguments) }
      throw try MemoryFile.sealedCopy(of: program, name: "apus").execute(arguments)
    } catch {
      throw RuntimeError("run a sealed copy of", "/proc/self/exe", error)
    }
  }

  /// The program as a read-only overlay of its directory shows it.
  private static func throughOverlay(_ program: borrowing FileDescriptor) throws(Errno) -> FileDescriptor {
    let path = try program.currentPath()
    guard let name = path.components.last else { throw .noSuchFileOrDirectory }
    let directory = try FileDescriptor.open(path.parent, .path | .directory)
    // It may have been removed or exchanged since it was started.
    guard try directory.status(of: Path(bytes: name)).isSameFile(as: program.status()) else { throw .noSuchFileOrDirectory }
    let overlay = try DetachedMount.readOnlyOverlay(of: directory, above: FileDescriptor.open("/dev", .path | .directory))
    let shown = try overlay.open(Path(bytes: name), .path | .noFollow)
    guard try shown.fileSystemStatus().mountFlags.contains(.readOnly) else { throw .invalidArgument }
    return shown
  }
}
