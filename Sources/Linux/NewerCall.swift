internal import CLinux

/// System calls that kernels of the supported age may lack, and that Apus does without there.
public enum NewerCall: Sendable, CaseIterable {
  case pidfdOpen, openTree, clone3, closeRange, openat2, mountSetattr

  /// Its name.
  public var name: StaticString {
    switch self {
    case .pidfdOpen: "pidfd_open"
    case .openTree: "open_tree"
    case .clone3: "clone3"
    case .closeRange: "close_range"
    case .openat2: "openat2"
    case .mountSetattr: "mount_setattr"
    }
  }

  /// The Linux that brought it.
  public var since: StaticString {
    switch self {
    case .pidfdOpen, .clone3: "5.3"
    case .openTree: "5.2"
    case .closeRange: "5.9"
    case .openat2: "5.6"
    case .mountSetattr: "5.12"
    }
  }

  /// Its number: that of every architecture, since Linux 5.1 gives new calls the same.
  private var number: Int {
    switch self {
    case .pidfdOpen: 434
    case .openTree: 428
    case .clone3: 435
    case .closeRange: 436
    case .openat2: 437
    case .mountSetattr: 442
    }
  }

  /// Whether the kernel knows the call and no filter hides it. The call is made with arguments that it refuses. EPERM means absent too: it is what filters give
  /// to those who look; the call itself would look at its arguments first.
  public func isPresent() -> Bool {
    do throws(Errno) {
      _ = try checked { clinux_try_call(number) }
      return true
    } catch {
      return error != .noSystemCall && error != .notPermitted
    }
  }
}
