public import Linux

/// What SELinux denied a process, as the kernel's log has it. To the process, the denial is an EACCES, which a dozen other things give as well.
///
/// A message reads `audit: type=1400 audit(1732712345.123:45): avc:  denied  { mounton } for  pid=7 comm="apus" path="/proc" dev="vda" ino=9
/// scontext=u:r:su:s0 tcontext=u:object_r:rootfs:s0 tclass=dir permissive=0` (security/selinux/avc.c); Android's logd writes it again, without `audit:`.
public struct SecurityDenial: Sendable, Equatable {
  /// What was wanted: `mounton`, or several words.
  public let permissions: String
  /// What it was wanted of, with its kind: `dir /proc`.
  public let object: String
  /// The context of the process, and of the object.
  public let source: String
  public let target: String
  /// The kind of object: `dir`.
  public let objectClass: String

  /// The last denial in a log for programs of the name `command` since `moment`; one that a permissive policy only noted is none.
  public init?(log: [UInt8], command: [UInt8], since moment: Timestamp) {
    for line in log.split(separator: 0x0A).reversed() {
      guard let denial = SecurityDenial(line: line, command: command, since: moment) else { continue }
      self = denial
      return
    }
    return nil
  }

  private init?(line: ArraySlice<UInt8>, command: [UInt8], since moment: Timestamp) {
    let (before, message) = cut(string(line), at: "): avc:  denied  { ")
    guard let message, let stamp = cut(before, at: " audit(").behind, SecurityDenial.time(stamp, isNotBefore: moment) else { return nil }
    let (permissions, fields) = cut(message, at: " } for ")
    guard let fields else { return nil }
    var values = Fields()
    // A path with spaces has become hexadecimal digits there.
    for field in fields.utf8.split(separator: 0x20) { values.take(field) }
    guard values.command.matches(command[...]), !values.isPermissive, !values.source.isEmpty, !values.target.isEmpty, !values.objectClass.isEmpty else {
      return nil
    }
    self.permissions = permissions
    source = string(values.source)
    target = string(values.target)
    objectClass = string(values.objectClass)
    object = values.name.isEmpty ? objectClass : Text("\(objectClass) \(string(values.name))").string
  }

  /// What the fields of a message say.
  private struct Fields {
    var command: ArraySlice<UInt8> = []
    var name: ArraySlice<UInt8> = []
    var source: ArraySlice<UInt8> = []
    var target: ArraySlice<UInt8> = []
    var objectClass: ArraySlice<UInt8> = []
    var isPermissive = false

    mutating func take(_ field: ArraySlice<UInt8>) {
      let parts = field.split(separator: 0x3D, maxSplits: 1)
      guard parts.count == 2, let key = parts.first, var value = parts.last else { return }
      if value.count > 1, value.first == 0x22, value.last == 0x22 { value = value.dropFirst().dropLast() }
      if key.matches("comm") {
        command = value
      } else if key.matches("path") || key.matches("name") || key.matches("capability") {
        name = value
      } else if key.matches("scontext") {
        source = value
      } else if key.matches("tcontext") {
        target = value
      } else if key.matches("tclass") {
        objectClass = value
      } else if key.matches("permissive") {
        isPermissive = value.matches("1")
      }
    }
  }

  /// Whether `stamp`, seconds and milliseconds and a serial number behind a colon, lies at the moment or after it. The kernel takes the time of its last tick,
  /// at most 10 ms ago.
  private static func time(_ stamp: String, isNotBefore moment: Timestamp) -> Bool {
    let parts = stamp.utf8.split { $0 == 0x2E || $0 == 0x3A }
    guard parts.count == 3, let seconds = decimal(parts[0]), seconds < 1 << 40, let milliseconds = decimal(parts[1]), milliseconds < 1000 else { return false }
    return seconds * 1000 + milliseconds + 10 >= moment.seconds * 1000 + UInt64(moment.nanoseconds / 1_000_000)
  }

  /// Such as `SELinux denies u:r:su:s0 { mounton } on dir /proc of u:object_r:rootfs:s0; a policy permits it by "allow su rootfs:dir { mounton };"`.
  public var message: String {
    Text(
      """
      SELinux denies \(source) { \(permissions) } on \(object) of \(target); a policy permits it by \
      "allow \(SecurityDenial.type(of: source)) \(SecurityDenial.type(of: target)):\(objectClass) { \(permissions) };"
      """
    ).string
  }

  /// The third part of `user:role:type:range`.
  private static func type(of context: String) -> String {
    let parts = context.utf8.split(separator: 0x3A)
    return parts.count > 2 ? string(parts[2]) : context
  }
}

extension SecurityDenial {
  /// What SELinux denied this program, or a child of it that has not run another one yet, since `moment`; nil where SELinux does not enforce, where it denied
  /// nothing, and where this process may not read the kernel's log.
  ///
  /// The kernel's audit thread writes the message some time after the denial: it is waited for, 100 ms at most.
  public static func last(since moment: Timestamp) -> SecurityDenial? {
    guard let enforcing = try? readFile("/sys/fs/selinux/enforce", limit: 64), enforcing.first == 0x31,
      let command = try? readFile("/proc/self/comm", limit: 64)
    else { return nil }
    for _ in 0..<10 {
      guard let log = try? kernelLog() else { return nil }
      if let denial = SecurityDenial(log: log, command: Array(command.dropLast()), since: moment) { return denial }
      _ = try? waitForInput([], timeoutMilliseconds: 10)
    }
    return nil
  }
}
