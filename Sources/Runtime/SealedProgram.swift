internal import Linux

/// Protection of the apus binary against the containers that it starts (CVE-2019-5736).
///
/// The first process of a container is apus until it runs the container's program, and an image can make that program `/proc/self/exe`: then the binary itself
/// runs inside, and a second process there may write to it through /proc/PID/exe. So apus runs from a sealed copy in memory before it starts anything.
public enum SealedProgram {
  /// Goes on when this process already runs from something that no container can write to: a sealed copy, or a read-only mount such as the system partition of
  /// a phone. Otherwise runs a sealed copy of this program in its place, with the same arguments; comes back only to tell why it could not.
  public static func ensure(arguments: UnsafePointer<UnsafePointer<CChar>?>) throws(RuntimeError) {
    do throws(Errno) {
      let program = try FileDescriptor.open("/proc/self/exe", .readOnly)
      if MemoryFile.isSealed(program) { return }
      if try program.fileSystemStatus().mountFlags.contains(.readOnly) { return }
      let copy = try MemoryFile.sealedCopy(of: program, name: "apus")
      throw copy.execute(arguments)
    } catch {
      throw RuntimeError(SystemError("run a sealed copy of", "/proc/self/exe", error))
    }
  }
}
