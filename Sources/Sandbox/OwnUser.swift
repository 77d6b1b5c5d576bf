internal import Linux

/// What a user of the container's own needs, where the kernel lacks the namespaces that would keep its processes apart.
extension SandboxPlan {
  /// Gives the files of an image to the container's user, but for those of root: what belongs to the image's user in the image belongs to whom the program runs as.
  /// A bundle's files are not touched.
  func settleOwners(_ root: borrowing RootDirectory) throws(SandboxError) {
    guard let ownUser, self.root.isImage else { return }
    try attempt("give to user", "\(ownUser) files of the image") { () throws(Errno) in
      try root.descriptor.open(".", .readOnly | .directory).giveContents(to: ownUser, group: ownUser)
    }
  }

  /// Makes sure, as the user, that the container's /proc does not show the first process of the host: before Linux 5.8 all mounts of procfs have the options of the
  /// first, so that `hidepid` may be without effect.
  func requireHiddenProcesses() throws(SandboxError) {
    if !hidesProcesses { return }
    do throws(Errno) {
      // The directory itself can be had by its name.
      _ = try FileDescriptor.open("/proc/1/stat", .path)
    } catch {
      if error == .noSuchFileOrDirectory { return }
    }
    throw SandboxError("processes of the host are visible in the container's /proc: this kernel, before Linux 5.8, cannot hide them in one mount of it alone")
  }
}
