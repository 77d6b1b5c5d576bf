internal import CLinux

/// The environment that this process was started with.
public enum Environment {
  /// The value of a variable; nil when it is not set. The C variable is `environ`.
  public static func value(of name: Literal) -> String? {
    var next = clinux_environment()
    while let entry = next?.pointee {
      if let value = valueIfNamed(name, entry) { return value }
      next = next.map { $0 + 1 }
    }
    return nil
  }

  /// Overwrites it, and the arguments of the command line: whoever may look into this process or a child of it finds neither.
  public static func forget() { clinux_forget_strings() }

  /// All of it, as `NAME=value` each, in its order. The C variable is `environ`.
  public static var all: [String] {
    var entries: [String] = []
    var next = clinux_environment()
    while let entry = next?.pointee {
      entries.append(String(cString: entry))
      next = next.map { $0 + 1 }
    }
    return entries
  }

  private static func valueIfNamed(_ name: Literal, _ entry: UnsafePointer<CChar>) -> String? {
    let length = name.bytes.count
    for index in 0..<length where UInt8(bitPattern: entry[index]) != name.start[index] || entry[index] == 0 { return nil }
    return entry[length] == 0x3D ? String(cString: entry + length + 1) : nil
  }
}
