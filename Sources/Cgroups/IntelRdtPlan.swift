internal import Linux
public import OCI

/// What is done to the resctrl file system for a container (config-linux.md, "IntelRdt"): a value, made without touching anything.
public final class IntelRdtPlan: Sendable {
  /// The directory of the class of service below the mount point; empty is the default class, which is the mount point itself.
  public let group: String
  /// The class was not named: it is the container's own. It is removed with the container, if the container made it.
  public let isOwn: Bool
  /// The class has to be there: nothing is set for it.
  public let mustExist: Bool
  /// What a class that is there must have already.
  public let promised: [String]
  /// The lines for `schemata` of a class that is made: those of `promised`, then the others.
  public let lines: [String]
  /// The container gets a monitoring group of this name below the class.
  public let monitor: String?

  /// The plan for `linux.intelRdt` of container `id`.
  public init(_ asked: IntelRdt, container id: String) throws(CgroupPlanError) {
    let named = asked.closID.flatMap { $0.utf8.isEmpty ? nil : $0 }
    isOwn = named == nil
    group = named.map { $0.equals("/") ? "" : $0 } ?? id
    // The names that the kernel has for itself in every class.
    for reserved: Literal in ["info", "mon_groups", "mon_data", "tasks", "schemata"] where group.equals(reserved) {
      throw .refused(asked: "linux.intelRdt.closID", reason: "\(group) is a name of the resctrl file system's own")
    }
    promised = [asked.l3CacheSchema, asked.memBwSchema].compactMap { $0.flatMap { $0.utf8.isEmpty ? nil : $0 } }
    lines = promised + asked.schemata.filter { !$0.utf8.isEmpty }
    mustExist = !isOwn && lines.isEmpty
    monitor = asked.enableMonitoring ? id : nil
  }

  /// What a container that was made before has: enough to remove it, to join it and to count it.
  public init(group: String, monitor: String?) {
    self.group = group
    self.monitor = monitor
    isOwn = false
    mustExist = true
    promised = []
    lines = []
  }

  /// What remains to be written to a class that is there.
  var linesForExisting: [String] { isOwn ? lines : Array(lines[promised.count...]) }
}

/// Whether every value of `line`, such as `L3:0=7f0;1=1f`, stands in the contents of a `schemata` file. What the kernel writes differs in blanks, order and
/// zeros in front; other caches may be there as well.
func schemata(_ contents: [UInt8], have line: String) -> Bool {
  guard let asked = SchemaLine(Array(line.utf8)[...]) else { return false }
  for candidate in contents.split(separator: 0x0A) {
    guard let found = SchemaLine(candidate), found.resource.elementsEqual(asked.resource) else { continue }
    return asked.values.allSatisfy { value in found.values.contains { $0.cache == value.cache && $0.bits.elementsEqual(value.bits) } }
  }
  return false
}

/// A line of a `schemata` file.
private struct SchemaLine {
  var resource: ArraySlice<UInt8>
  /// Both without zeros in front, in small letters.
  var values: [(cache: [UInt8], bits: [UInt8])] = []

  init?(_ text: ArraySlice<UInt8>) {
    // The kernel puts blanks in front of names and of short numbers.
    let line = text.filter { $0 != 0x20 }
    guard let colon = line.firstIndex(of: 0x3A) else { return nil }
    resource = line[..<colon]
    for part in line[(colon + 1)...].split(separator: 0x3B) {
      guard let equals = part.firstIndex(of: 0x3D) else { return nil }
      values.append((cache: SchemaLine.plain(part[..<equals]), bits: SchemaLine.plain(part[(equals + 1)...])))
    }
  }

  private static func plain(_ digits: ArraySlice<UInt8>) -> [UInt8] {
    let rest = digits.drop { $0 == 0x30 }.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }
    return rest.isEmpty ? [0x30] : rest
  }
}
