internal import Linux

/// Whether this machine runs Android: its init keeps the system's properties in /dev/__properties__, a directory since Android 7.
///
/// What follows from it: files on /data may be encrypted with keys of the session key ring (fscrypt), so that a new one would make them unreadable (ENOKEY);
/// kernels up to 4.14 may let only processes with the group `inet` open sockets (CONFIG_ANDROID_PARANOID_NETWORK); there is no /run and no /var.
public func isAndroid() -> Bool {
  do throws(Errno) {
    _ = try FileDescriptor.open("/dev/__properties__", .path)
    return true
  } catch {
    return false
  }
}

/// The group `inet` of Android (AID_INET), whose members may open sockets.
public var androidInternetGroup: UInt32 { 3003 }
