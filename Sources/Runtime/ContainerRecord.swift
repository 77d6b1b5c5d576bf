internal import JSON
internal import Linux

/// What has to be undone when a container is gone: written before any of it is done.
public struct ContainerRecord: Sendable, Equatable {
  public var id: String
  /// The container's group, as a path below each hierarchy's mount point.
  public var cgroupsPath: String
  /// The first process; nil before it runs.
  public var process: Int32?
  /// The bundle's directory.
  public var bundle: String

  public init(id: String, cgroupsPath: String, process: Int32? = nil, bundle: String) {
    self.id = id
    self.cgroupsPath = cgroupsPath
    self.process = process
    self.bundle = bundle
  }

  /// The record as it stands in its file.
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.object { object in
      object.member("id", id)
      object.member("cgroupsPath", cgroupsPath)
      if let process { object.member("process", process) }
      object.member("bundle", bundle)
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
    do throws(JSONPathError) {
      id = try json.required("id").string()
      cgroupsPath = try json.required("cgroupsPath").string()
      process = try json.member("process").map { (value) throws(JSONPathError) in try value.integer() }
      bundle = try json.required("bundle").string()
    } catch {
      throw RuntimeError("record of a container: \(error.path): \(error.reason)")
    }
  }

  /// Reads the record in a container's directory; nil when it was never written, so that nothing has to be undone.
  static func read(from directory: borrowing FileDescriptor) throws(RuntimeError) -> ContainerRecord? {
    var bytes: [UInt8] = []
    do throws(Errno) {
      bytes = try directory.open("record", [.readOnly, .noFollow]).readAll(limit: 1 << 16)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw RuntimeError(SystemError("read", "the record of a container", error))
    }
    return try ContainerRecord(parsing: bytes)
  }
}
