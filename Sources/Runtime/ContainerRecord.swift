internal import Cgroups
internal import JSON
internal import Linux
public import OCI
internal import Wording

/// What is known of a container between two commands, and what has to be undone when it is gone: written before any of it is done.
public final class ContainerRecord {
  public let id: String
  /// The version of the specification that its config.json follows.
  public let ociVersion: String
  /// The container's group, as a path below each hierarchy's mount point; empty when it has none.
  public let cgroupsPath: String
  /// The first process; nil before there is one.
  public var process: Int32?
  /// When that was started, in clock ticks after boot: another process may get its id later.
  public var startTime: UInt64?
  /// The bundle's directory.
  public let bundle: String
  /// There is a process, and the container is still being made around it, by hooks that may take their time.
  public var isBeingMade: Bool
  /// The container outlives the command that made it, until `delete`. What is not kept and has lost its process is cleaned up by whoever comes next.
  public var isKept: Bool
  /// The container has a session key ring of its own, which processes that join it have too.
  public let hasKeyring: Bool
  /// The user that the container's image names, when it was made from one.
  public let imageUser: String?
  /// The class of service of the resctrl file system that it is in.
  public let resourceClass: RecordedClass?
  /// What filters its devices; nil before that is set, and in a record of a version that did not say it.
  var deviceFilter: ContainerCgroup.DeviceFiltering?
  /// The root directory on the host.
  public let root: String
  /// When it was made, as RFC 3339 writes it.
  public let created: String
  /// Those of config.json.
  public let annotations: [Annotation]
  /// What takes the place of what the kernel lacks.
  let standIns: StandIns

  init(
    id: String, ociVersion: String = Spec.version, cgroupsPath: String, process: Int32? = nil, startTime: UInt64? = nil, bundle: String,
    isBeingMade: Bool = false, isKept: Bool = false, hasKeyring: Bool = true, imageUser: String? = nil, resourceClass: RecordedClass? = nil,
    root: String = "", created: String = "", annotations: [Annotation] = [], standIns: StandIns = StandIns()
  ) {
    self.id = id
    self.ociVersion = ociVersion
    self.cgroupsPath = cgroupsPath
    self.process = process
    self.startTime = startTime
    self.bundle = bundle
    self.isBeingMade = isBeingMade
    self.isKept = isKept
    self.hasKeyring = hasKeyring
    self.imageUser = imageUser
    self.resourceClass = resourceClass
    self.root = root
    self.created = created
    self.annotations = annotations
    self.standIns = standIns
  }

  /// The record as it stands in its file.
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.object { object in
      object.member("id", id)
      object.member("ociVersion", ociVersion)
      object.member("cgroupsPath", cgroupsPath)
      if let process { object.member("process", process) }
      if let startTime { object.member("startTime", startTime) }
      object.member("bundle", bundle)
      if isBeingMade { object.member("isBeingMade", true) }
      object.member("isKept", isKept)
      object.member("hasKeyring", hasKeyring)
      if let imageUser { object.member("imageUser", imageUser) }
      if let resourceClass {
        object.key("resourceClass")
        resourceClass.write(to: &object)
      }
      if let deviceFilter { object.member("deviceFilter", deviceFilter.rawValue) }
      object.member("root", root)
      object.member("created", created)
      if !standIns.without.isEmpty { object.member("without", joined(standIns.without.list, with: ",")) }
      if let user = standIns.user { object.member("user", user) }
      if let tasks = standIns.tasks { object.member("tasks", tasks) }
      if let processors = standIns.processors { object.member("processors", processors) }
      if let speed = standIns.speed { object.member("speed", speed) }
      if annotations.isEmpty { return }
      object.key("annotations")
      object.object { object in
        for annotation in annotations { object.member(annotation.key, annotation.value) }
      }
    }
    return writer.bytes()
  }

  /// Reads a record's bytes.
  init(parsing bytes: [UInt8]) throws(RuntimeError) {
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONValue(parsing: bytes)
    } catch {
      throw RuntimeError("record of a container: \(error.message)")
    }
    id = json.required("id").string()
    ociVersion = json.required("ociVersion").string()
    cgroupsPath = json.required("cgroupsPath").string()
    process = json.integer("process")
    startTime = json.integer("startTime")
    bundle = json.required("bundle").string()
    isBeingMade = json.bool("isBeingMade") ?? false
    isKept = json.required("isKept").bool()
    hasKeyring = json.required("hasKeyring").bool()
    imageUser = json.string("imageUser")
    resourceClass = json.member("resourceClass").map { RecordedClass($0) }
    deviceFilter = json.integer("deviceFilter").flatMap { ContainerCgroup.DeviceFiltering(rawValue: $0) }
    root = json.required("root").string()
    created = json.required("created").string()
    var annotations: [Annotation] = []
    for (key, value) in json.member("annotations")?.members() ?? [] { annotations.append(Annotation(key: key, value: value.string())) }
    self.annotations = annotations
    let without = json.string("without")
    var standIns = StandIns(
      user: json.integer("user"), tasks: json.integer("tasks", in: 1...Int64.max), processors: json.string("processors"), speed: json.string("speed"))
    if let list = without { standIns.without = try BestEffort(parsing: list, origin: "record of a container: without") }
    self.standIns = standIns
    do throws(JSONPathError) {
      try json.check()
    } catch {
      throw RuntimeError("record of a container: \(error.path): \(error.reason)")
    }
  }

  /// Reads the record in a container's directory; nil when it was never written, so that nothing has to be undone.
  static func read(from directory: borrowing FileDescriptor) throws(RuntimeError) -> ContainerRecord? {
    var bytes: [UInt8] = []
    do throws(Errno) {
      bytes = try directory.open("record", .readOnly | .noFollow).readAll(limit: 1 << 22)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw RuntimeError("read", "the record of a container", error)
    }
    return try ContainerRecord(parsing: bytes)
  }
}
