internal import Linux

/// What a kernel says that it was built with: the lines of /proc/config.gz (CONFIG_IKCONFIG_PROC).
public struct KernelConfiguration: Sendable {
  /// The text, in lines.
  private let lines: [ArraySlice<UInt8>]

  public init(_ text: [UInt8]) { lines = text.split(separator: 0x0A) }

  /// `y` for built in, `m` for a module, `n` for neither; the option may begin with `!`.
  public func state(of option: String) -> String {
    let name = Array(Text("\(KernelConfiguration.name(option))=").string.utf8)
    for line in lines where line.starts(with: name) { return string(line.dropFirst(name.count)) }
    return "n"
  }

  /// Whether everything that the feature needs to be built with is.
  public func has(_ row: FeatureRow) -> Bool {
    for option in row.options where state(of: option).equals("n") != option.begins(with: "!") { return false }
    return true
  }

  /// `CONFIG_PID_NS` for `PID_NS` and `!PID_NS`.
  public static func name(_ option: String) -> String {
    Text("CONFIG_\(option.begins(with: "!") ? string(Array(option.utf8).dropFirst()) : option)").string
  }
}
