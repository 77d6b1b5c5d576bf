/// What personality(2) is told (config-linux.md, "Personality"). The specification defines no flags.
public struct Personality: Equatable, Sendable {
  /// The execution domain.
  public var domain: PersonalityDomain

  public init(domain: PersonalityDomain) { self.domain = domain }
}

/// The domains of personality(2) that the specification names.
public enum PersonalityDomain: UInt8, NamedValue {
  case linux, linux32

  public static var names: Literal { "LINUX LINUX32" }
}

/// Where memory comes from on a NUMA machine, set_mempolicy(2) (config-linux.md, "Memory policy").
public struct MemoryPolicy: Equatable, Sendable {
  /// How nodes are chosen.
  public var mode: MemoryPolicyMode
  /// Memory nodes, such as `0-3,7`.
  public var nodes: String?
  /// How `nodes` is meant.
  public var flags: [MemoryPolicyFlag]

  public init(mode: MemoryPolicyMode, nodes: String? = nil, flags: [MemoryPolicyFlag] = []) {
    self.mode = mode
    self.nodes = nodes
    self.flags = flags
  }
}

/// The modes of set_mempolicy(2).
public enum MemoryPolicyMode: UInt8, NamedValue {
  case `default`, bind, interleave, weightedInterleave, preferred, preferredMany, local

  public static var names: Literal { "MPOL_DEFAULT MPOL_BIND MPOL_INTERLEAVE MPOL_WEIGHTED_INTERLEAVE MPOL_PREFERRED MPOL_PREFERRED_MANY MPOL_LOCAL" }
}

/// The flags of set_mempolicy(2).
public enum MemoryPolicyFlag: UInt8, NamedValue {
  case numaBalancing, relativeNodes, staticNodes

  public static var names: Literal { "MPOL_F_NUMA_BALANCING MPOL_F_RELATIVE_NODES MPOL_F_STATIC_NODES" }
}

/// Intel's resource director, the resctrl file system (config-linux.md, "IntelRdt").
public struct IntelRdt: Equatable, Sendable {
  /// The class of service; `/` is the default one, nil is one named after the container.
  public var closID: String?
  /// Lines for `schemata`, without newlines; written last.
  public var schemata: [String]
  /// One line for `schemata`, without newline; written first.
  public var l3CacheSchema: String?
  /// One line for `schemata` that begins with `MB:`, without newline.
  public var memBwSchema: String?
  /// Whether the container gets a monitoring group of its own.
  public var enableMonitoring: Bool

  public init(
    closID: String? = nil, schemata: [String] = [], l3CacheSchema: String? = nil, memBwSchema: String? = nil, enableMonitoring: Bool = false
  ) {
    self.closID = closID
    self.schemata = schemata
    self.l3CacheSchema = l3CacheSchema
    self.memBwSchema = memBwSchema
    self.enableMonitoring = enableMonitoring
  }
}
