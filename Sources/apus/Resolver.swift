internal import Linux

/// The /etc/resolv.conf of a container that is in the host's network.
enum Resolver {
  /// Its text: the given name servers, else what the host has; nil, and a warning, where there is neither, as on Android.
  static func text(_ servers: [String]) throws(Failure) -> [UInt8]? {
    var text: [UInt8] = []
    for server in servers {
      guard isAddress(server) else { throw .usage("option --dns: \(server) is not the address of a name server") }
      text += Array(Text("nameserver \(server)\n").string.utf8)
    }
    if !text.isEmpty { return text }
    do throws(Errno) {
      return try FileDescriptor.open("/etc/resolv.conf", .readOnly | .nonBlocking).readAll(limit: 1 << 16)
    } catch {
      if error != .noSuchFileOrDirectory { throw Failure(SystemError("read", "/etc/resolv.conf", error)) }
    }
    warn("the container knows no name servers: there is no /etc/resolv.conf here, and no --dns")
    return nil
  }

  /// Whether it can be the address of a name server: digits, dots and colons, and behind a percent sign the name of an interface.
  static func isAddress(_ text: String) -> Bool {
    let (address, interface) = cut(text, at: "%")
    var marks = 0
    for byte in Array(address.utf8) {
      switch byte {
      case 0x2E, 0x3A: marks += 1
      case 0x30...0x39, 0x41...0x46, 0x61...0x66: break
      default: return false
      }
    }
    return marks > 1 && address.utf8.count < 46 && interface?.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ?? true
  }
}
