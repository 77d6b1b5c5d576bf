internal import Linux

/// The key ring of the container's processes: with that of the one who started them, they could use its keys (session-keyring(7)).
enum SessionKeyring {
  /// Joins the key ring `name`. `label` is the SELinux context of the container's processes, which the key ring must have to be used by them.
  ///
  /// Named, so that additional processes of the container join the same one. A kernel without key rings has no keys to keep from anybody.
  static func join(_ name: Path, label: String?) throws(SandboxError) {
    try withLabel(label) { () throws(SandboxError) in
      do throws(Errno) {
        let ring = try ThisProcess.joinSessionKeyring(name)
        // As the kernel makes it (security/keys/process_keys.c), and found by name by processes of this user: KEY_POS_ALL, KEY_USR_VIEW, _READ, _SEARCH, _LINK.
        try ThisProcess.setKeyPermissions(ring, 0x3F1B_0000)
      } catch {
        if error == .noSystemCall { return }
        throw SandboxError(SystemError("join the session keyring", name.description, error))
      }
    }
  }

  /// Runs `body` while new key rings get `label`.
  private static func withLabel(_ label: String?, _ body: () throws(SandboxError) -> Void) throws(SandboxError) {
    guard let label else { return try body() }
    let proc = try ProcHandle.open()
    do throws(Errno) {
      try proc.write(label, to: "self/attr/keycreate")
    } catch {
      throw SecurityLabels.error("process.selinuxLabel", error, ifInvalid: "the policy knows no context \(label)")
    }
    try body()
    // Key rings that the program makes get its own context again. One newline stands for no label (security/selinux/hooks.c).
    try attempt("reset", "/proc/self/attr/keycreate") { () throws(Errno) in try proc.write("\n", to: "self/attr/keycreate") }
  }
}
