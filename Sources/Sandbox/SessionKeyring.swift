internal import Linux

/// The key ring of the container's processes: with that of the one who started them, they could use its keys (session-keyring(7)).
struct SessionKeyring: ~Copyable {
  /// The host's, when new key rings have got a label; in the container /proc may be anything.
  private let proc: ProcHandle?

  /// From here until a key ring is joined, new ones get `label`, the SELinux context of the container's processes, which they need to use it. /proc must be the
  /// host's.
  init(label: String?) throws(SandboxError) {
    guard let label else {
      proc = nil
      return
    }
    let host = try ProcHandle.open()
    do throws(Errno) {
      try host.write(label, to: "self/attr/keycreate")
    } catch {
      throw SecurityLabels.error("process.selinuxLabel", error, ifInvalid: "the policy knows no context \(label)")
    }
    proc = consume host
  }

  /// Joins the key ring `name` of this user namespace, if there is a name.
  ///
  /// Named, so that additional processes of the container join the same one. A kernel without key rings has no keys to keep from anybody.
  consuming func join(_ name: Path?) throws(SandboxError) {
    guard let name else { return }
    do throws(Errno) {
      let ring = try ThisProcess.joinSessionKeyring(name)
      // As the kernel makes it (security/keys/process_keys.c), and found by name by processes of this user: KEY_POS_ALL, KEY_USR_VIEW, _READ, _SEARCH, _LINK.
      try ThisProcess.setKeyPermissions(ring, 0x3F1B_0000)
    } catch {
      if error != .noSystemCall { throw SandboxError("join the session keyring", name, error) }
    }
    // Key rings that the program makes get its own context again. One newline stands for no label (security/selinux/hooks.c).
    guard let proc else { return }
    try attempt("reset", "/proc/self/attr/keycreate") { () throws(Errno) in try proc.write("\n", to: "self/attr/keycreate") }
  }
}
