public import Linux
internal import OCI
internal import Wording

/// What a container may be permitted to do without where the kernel lacks it, because something else takes its place (docs/kernels.md, "Stand-ins"). What is
/// not permitted is required: without it the container is refused.
public struct BestEffort: OptionSet, Sendable, Equatable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static var pidNamespace: BestEffort { BestEffort(rawValue: 1) }
  public static var ipcNamespace: BestEffort { BestEffort(rawValue: 2) }
  public static var userNamespace: BestEffort { BestEffort(rawValue: 4) }
  public static var pidsLimit: BestEffort { BestEffort(rawValue: 8) }
  public static var cpuQuota: BestEffort { BestEffort(rawValue: 16) }
  public static var deviceFilter: BestEffort { BestEffort(rawValue: 32) }

  /// All of it.
  public static var all: BestEffort { BestEffort(rawValue: 63) }

  /// The names in options, annotations and records, in the order of the bits.
  public static var names: Literal { "pid-namespace ipc-namespace user-namespace pids-limit cpu-quota device-filter" }

  /// The annotation of config.json that permits it.
  static var annotation: Literal { "org.apus.best-effort" }

  /// Reads names with commas between them, or `all`; `origin` is what the message calls the list.
  public init(parsing list: String, origin: Text) throws(RuntimeError) {
    var found: BestEffort = []
    for name in parts(of: list, at: 0x2C) {
      if name.equals("all") {
        found = .all
      } else if let number = position(of: name, in: BestEffort.names) {
        found.insert(BestEffort(rawValue: 1 << number))
      } else {
        throw RuntimeError("\(origin): \(name) is not all, nor one of \(joined(BestEffort.all.list, with: ", "))")
      }
    }
    self = found
  }

  /// The names of what is in the set.
  public var list: [String] {
    var names: [String] = []
    for number in 0..<6 as Range<UInt8> where contains(BestEffort(rawValue: 1 << number)) { names.append(word(number, of: BestEffort.names)) }
    return names
  }
}
