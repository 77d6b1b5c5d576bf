internal import CLinux

/// Loop devices: block devices that are files (loop(4)).
public enum LoopDevice {
  /// Makes a loop device of a file that is open for reading; gives the device, open. It cannot be written to, and ends when nobody has it open or mounted.
  ///
  /// The nodes are made on a tmpfs that is mounted nowhere, so that none is left whatever happens: in /dev they are at other places, come later than they are
  /// wanted, or are missing. Needs Linux 5.2.
  public static func attach(_ file: borrowing FileDescriptor) throws(Errno) -> FileDescriptor {
    let directory = try DetachedMount.temporary()
    // MISC_MAJOR, LOOP_CTRL_MINOR: by these numbers the kernel finds its module.
    let control = try node(.characterDevice, major: 10, minor: 237, in: directory)
    let controlNumber = control.rawValue
    var attempts = 64
    while true {
      let number = try checked { clinux_free_loop_device(controlNumber) }
      let numbers = try FileDescriptor.open(Path("/sys/block/loop\(number)/dev"), .readOnly).readAll(limit: 64).split { $0 == 0x3A || $0 == 0x0A }
      guard numbers.count == 2, let major = decimal(numbers[0]), let minor = decimal(numbers[1]) else { throw .noDevice }
      let device = try node(.blockDevice, major: UInt32(truncatingIfNeeded: major), minor: UInt32(truncatingIfNeeded: minor), in: directory)
      do throws(Errno) {
        try configure(device, file)
        return device
      } catch {
        // Somebody else has taken it by now.
        attempts -= 1
        if error != .busy || attempts == 0 { throw error }
      }
    }
  }

  private static func configure(_ device: borrowing FileDescriptor, _ file: borrowing FileDescriptor) throws(Errno) {
    let (device, file) = (device.rawValue, file.rawValue)
    do throws(Errno) {
      // In one step, and without the pages of the file in memory twice.
      _ = try checked { clinux_loop_configure(device, file) }
      return
    } catch {
      // Before Linux 5.8 there is no such call.
      if error != .invalidArgument && error != .notTerminal { throw error }
    }
    _ = try checked { clinux_loop_set_file(device, file) }
    do throws(Errno) {
      _ = try checked { clinux_loop_set_automatic_end(device) }
    } catch {
      _ = clinux_loop_clear(device)
      throw error
    }
  }

  private static func node(_ type: FileType, major: UInt32, minor: UInt32, in directory: borrowing FileDescriptor) throws(Errno) -> FileDescriptor {
    try directory.makeNode("node", type, mode: 0o600, major: major, minor: minor)
    let opened = try directory.open("node", .readWrite | .noFollow)
    try directory.unlink("node")
    return opened
  }
}
