public import OCI

/// The manifest of an application: a Compose file (compose-spec, spec.md) written as JSON, with Apus's own words under `x-apus`. docs/application.md says what
/// each key means.
public final class Manifest {
  /// Lower-case letters, digits, `-` and `_`; begins with a letter or digit.
  public internal(set) var name = ""
  /// In the order of the document; there is one at least, and no two of a name.
  public internal(set) var services: [ServiceManifest] = []
  /// Those that `volumes` declares.
  public internal(set) var volumes: [NamedVolume] = []
  /// From 0 to 100; when the device is short of something, the application with the lowest is stopped first.
  public internal(set) var priority: UInt64 = 50
  public internal(set) var updates = UpdatePolicy()
  /// Bytes of all log files together; nil: only each service's limit counts.
  public internal(set) var logTotal: UInt64?

  init() {}

  /// The application as it is run.
  ///
  /// - checks: what the image of each service says of its health, in the order of the services; nil where an image says nothing.
  /// - Throws: where a service waits for another to be healthy that has no way to tell.
  public func application(checks: [Healthcheck?]) throws(SpecError) -> Application {
    var services: [Service] = []
    for (index, service) in self.services.enumerated() {
      services.append(service.service(check: index < checks.count ? checks[index] : nil))
    }
    for service in services {
      for dependency in service.dependencies where dependency.condition == .healthy {
        for (index, other) in services.enumerated() where other.name.equals(dependency.service) {
          if other.health != nil || self.services[index].readiness != .untold { continue }
          let reason: Text = "'\(other.name)' is never healthy: neither the manifest nor its image has a check, and it does not say when it is ready"
          throw SpecError(path: "services.\(service.name).depends_on", reason: reason)
        }
      }
    }
    return Application(name: name, services: services)
  }
}

/// One service of a manifest: what runs, and how.
public final class ServiceManifest {
  public let name: String
  /// The container's; `APPLICATION.SERVICE` unless `container_name` says otherwise, which no other application's service can be called.
  public internal(set) var containerName = ""
  /// The image's name without a digest.
  public internal(set) var image = ""
  /// The digest that the image's manifest must have; nil: any.
  public internal(set) var digest: Digest?
  /// The image has to be for it; nil: for the device.
  public internal(set) var platform: Platform?
  /// Nil: the image's. What is empty takes the image's away.
  public internal(set) var entrypoint: [String]?
  /// Nil: the image's, but none where there is an `entrypoint`.
  public internal(set) var command: [String]?
  /// `NAME=value`, no name twice; they beat the image's.
  public internal(set) var environment: [String] = []
  /// As the image would say it; nil: the image's.
  public internal(set) var user: String?
  /// Absolute; nil: the image's.
  public internal(set) var workingDirectory: String?
  /// Nil: the container's name.
  public internal(set) var hostname: String?
  public internal(set) var labels: [Annotation] = []
  /// No two at a place.
  public internal(set) var mounts: [ServiceMount] = []
  public internal(set) var devices: [DeviceMapping] = []
  /// `network_mode`; its own is one with nothing in it but loopback.
  public internal(set) var network = Sharing.own
  public internal(set) var processes = Sharing.own
  public internal(set) var ipc = Sharing.own
  public internal(set) var limits = ServiceLimits()
  /// Names such as `CAP_NET_RAW`, or `ALL`.
  public internal(set) var addedCapabilities: [String] = []
  public internal(set) var droppedCapabilities: [String] = []
  public internal(set) var isReadOnly = false
  public internal(set) var noNewPrivileges = true
  public internal(set) var sysctls: [Sysctl] = []
  /// A process of Apus is the first one of the container; it hands on signals and collects the dead.
  public internal(set) var hasInit = false
  public internal(set) var hasTerminal = false
  /// Standard input stays open.
  public internal(set) var keepsInput = false
  /// What it must not do without where the kernel lacks it; the names are those of `StandIn`, which the runtime reads with commas between.
  public internal(set) var required: [String] = []
  public internal(set) var dependencies: [Dependency] = []
  public internal(set) var restart = RestartPolicy()
  public internal(set) var health = HealthSettings()
  public internal(set) var onUnhealthy = UnhealthyAction.nothing
  public internal(set) var stop = StopPolicy()
  public internal(set) var readiness = Readiness.untold
  /// Milliseconds within which it has to say `WATCHDOG=1` again (sd_notify(3)); nil: there is no watchdog.
  public internal(set) var watchdog: UInt64?
  public internal(set) var logs = LogPolicy()

  init(name: String) { self.name = name }

  func service(check: Healthcheck?) -> Service {
    Service(
      name: name, dependencies: dependencies, restart: restart, health: health.check(imageSays: check), onUnhealthy: onUnhealthy, stop: stop)
  }
}

/// Whose namespace a service is in.
public enum Sharing: Equatable, Sendable {
  case own, host
  case service(String)

  public static func == (left: Sharing, right: Sharing) -> Bool {
    switch (left, right) {
    case (.own, .own), (.host, .host): true
    case (.service(let name), .service(let other)): name.equals(other)
    default: false
    }
  }
}

/// What a service may use up; nil: there is no limit.
public final class ServiceLimits {
  /// Bytes.
  public internal(set) var memory: UInt64?
  /// Bytes of memory and swap together; -1: as much swap as there is; nil: no swap beyond `memory`.
  public internal(set) var memoryAndSwap: Int64?
  /// Microseconds of each 100,000.
  public internal(set) var processorQuota: Int64?
  /// From 2 to 262144, where 1024 is the usual share.
  public internal(set) var processorShares: UInt64?
  /// Such as `0-3,7`.
  public internal(set) var processors: String?
  /// Tasks.
  public internal(set) var tasks: UInt64?
  /// From -1000 to 1000; nil: left as it is.
  public internal(set) var oomScoreAdjustment: Int32?
  /// No type twice.
  public internal(set) var rlimits: [Rlimit] = []
  /// Bytes of /dev/shm.
  public internal(set) var sharedMemory: UInt64 = 64 << 20
}

/// A volume that the application declares.
public final class NamedVolume {
  /// What the services call it.
  public let key: String
  /// What it is called on the device: `APPLICATION_KEY` unless the manifest gives it a name.
  public internal(set) var name: String
  /// It is not the application's: it has to be there, and stays.
  public internal(set) var isExternal = false
  public internal(set) var labels: [Annotation] = []

  init(key: String, name: String) {
    self.key = key
    self.name = name
  }
}

/// Something mounted into a service's container.
public final class ServiceMount {
  public enum Kind: UInt8, NamedValue {
    case volume, bind, tmpfs
    public static var names: Literal { "volume bind tmpfs" }
  }

  public internal(set) var kind = Kind.volume
  /// The key of a volume; the path of the host, absolute; empty for a tmpfs.
  public internal(set) var source = ""
  /// Absolute, without `.`, `..` and empty names, and not the root.
  public internal(set) var target = ""
  public internal(set) var isReadOnly = false
  /// What mount(8) calls them: size, mode and the like of a tmpfs; the propagation of a bind mount.
  public internal(set) var options: [String] = []
  /// A new volume begins with what the image has at the place.
  public internal(set) var copiesImage = true
  /// The directory to be bound is made if it is missing.
  public internal(set) var makesSource = true
  /// A place in the volume, relative; nil: all of it.
  public internal(set) var subpath: String?

  init() {}
}

/// A device of the host in a service's container. Both paths are absolute.
public final class DeviceMapping {
  public let source: String
  public let target: String
  /// Letters of `rwm`, each at most once: read, write, make nodes of it.
  public let access: String

  init(source: String, target: String, access: String) {
    self.source = source
    self.target = target
    self.access = access
  }
}

/// What the runtime can do without by something that takes its place (apus-run(1), WHAT A KERNEL LACKS). The names are those of the command line.
public enum StandIn: UInt8, NamedValue {
  case pidNamespace, ipcNamespace, userNamespace, pidsLimit, cpuQuota, deviceFilter

  public static var names: Literal { "pid-namespace ipc-namespace user-namespace pids-limit cpu-quota device-filter" }
}

/// When a service without a health check counts as healthy.
public enum Readiness: Equatable, Sendable {
  /// Never: it does not say.
  case untold
  /// Once it has said `READY=1` (sd_notify(3)).
  case notification
  /// Once it has written a line feed to this descriptor.
  case descriptor(Int32)
}

/// What is kept of what a service writes.
public final class LogPolicy {
  /// Nothing is, with the driver `none`.
  public internal(set) var isKept = true
  /// Bytes of a file, after which the next one is begun.
  public internal(set) var fileSize: UInt64 = 1 << 20
  public internal(set) var files: UInt64 = 3
  /// Bytes of a line; longer ones are cut.
  public internal(set) var lineSize: UInt64 = 8192
  /// Lines a second; what is above is counted and dropped. 0: there is no limit.
  public internal(set) var rate: UInt64 = 0
  /// Bytes that are held in memory until they are written together.
  public internal(set) var buffer: UInt64 = 64 << 10
}

/// How a new release of the application takes the place of the one before.
public final class UpdatePolicy {
  public enum Failure: UInt8, NamedValue {
    case rollBack, nothing
    public static var names: Literal { "rollback nothing" }
  }

  public enum Snapshot: UInt8, NamedValue {
    case none, bestEffort, required
    public static var names: Literal { "none best-effort required" }
  }

  /// Milliseconds for which all services have to be up, and healthy where they can tell, before it is done.
  public internal(set) var settle: UInt64 = 30_000
  /// Milliseconds within which that has to be.
  public internal(set) var timeout: UInt64 = 300_000
  /// What is done otherwise.
  public internal(set) var onFailure = Failure.rollBack
  /// Whether the volumes are kept as they were.
  public internal(set) var snapshot = Snapshot.none
}
