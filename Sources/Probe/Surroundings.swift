public import Linux

/// Where on this machine features are tried.
public struct Surroundings: Sendable {
  /// A mounted controller of cgroups.
  public struct Place: Sendable {
    public var feature: Feature
    /// Of cgroups: 1 or 2.
    public var version: Int
    public var mountPoint: Path
    /// Its name in `cgroup.controllers`.
    public var word: String

    public init(feature: Feature, version: Int, mountPoint: Path, word: String) {
      self.feature = feature
      self.version = version
      self.mountPoint = mountPoint
      self.word = word
    }
  }

  /// Where images are kept; it need not exist.
  public var dataDirectory: Path
  public var controllers: [Place]
  /// Any hierarchy of cgroups is mounted.
  public var hasHierarchy: Bool
  /// The mount point of cgroup v2.
  public var unified: Path?

  /// The root directory is on the kernel's first RAM disk.
  public var isOnFirstRoot: Bool

  public init(dataDirectory: Path, controllers: [Place], hasHierarchy: Bool, unified: Path?, isOnFirstRoot: Bool = false) {
    self.isOnFirstRoot = isOnFirstRoot
    self.dataDirectory = dataDirectory
    self.controllers = controllers
    self.hasHierarchy = hasHierarchy
    self.unified = unified
  }

  public func place(_ feature: Feature) -> Place? { controllers.first { $0.feature == feature } }
}
