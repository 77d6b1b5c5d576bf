internal import JSON
internal import Linux
internal import OCI

/// A release that has been accepted.
public struct AcceptedRelease: Sendable {
  public let version: UInt64
  /// As it came, so that its signatures can be checked each time.
  public let envelope: [UInt8]
  /// Its images as they were found, each under the name that the release gives it: what becomes of the images of these names changes nothing of it.
  public let images: [ImageRecord]

  init(version: UInt64, envelope: [UInt8], images: [ImageRecord]) {
    self.version = version
    self.envelope = envelope
    self.images = images
  }

  fileprivate init(_ json: JSONValue, _ object: Text, _ damage: inout ImageError?) {
    version = json.requiredInteger("version")
    envelope = Array(json.required("envelope").string().utf8)
    var images: [ImageRecord] = []
    for text in json.strings("images") {
      do throws(ImageError) { images.append(try ImageRecord(stored: Array(text.utf8), from: object)) } catch { damage = error }
    }
    self.images = images
  }

  fileprivate func write(to object: inout JSONWriter, _ key: String) throws(ImageError) {
    var records: [String] = []
    for image in images { records.append(string(try image.stored()[...])) }
    object.key(key)
    object.object { object in
      object.member("version", version)
      object.member("envelope", string(envelope[...]))
      object.strings("images", records)
    }
  }
}

/// What the store knows of an application's releases. It is one file, so that whatever changes of it changes in one step.
public final class ApplicationRecord: Sendable {
  public let application: String
  /// The highest version that has ever been accepted, and the digest of what was signed. They stay when the releases go.
  public let highest: UInt64
  let payload: Digest
  /// The release that gives images their names; nil when it has been removed.
  public let current: AcceptedRelease?
  /// The one before, as long as nobody has said that the current one does well.
  public let previous: AcceptedRelease?

  init(application: String, highest: UInt64, payload: Digest, current: AcceptedRelease?, previous: AcceptedRelease?) {
    self.application = application
    self.highest = highest
    self.payload = payload
    self.current = current
    self.previous = previous
  }

  /// The same with other releases.
  func with(_ current: AcceptedRelease?, previous: AcceptedRelease? = nil) -> ApplicationRecord {
    ApplicationRecord(application: application, highest: highest, payload: payload, current: current, previous: previous)
  }

  /// The images of both releases.
  public var images: [ImageRecord] { (current?.images ?? []) + (previous?.images ?? []) }

  func stored() throws(ImageError) -> [UInt8] {
    var writer = JSONWriter()
    var failure: ImageError?
    writer.object { object in
      object.member("application", application)
      object.member("highest", highest)
      object.member("payload", payload.text)
      do throws(ImageError) {
        try current?.write(to: &object, "current")
        try previous?.write(to: &object, "previous")
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return try withChecksum(writer.bytes())
  }

  init(stored bytes: [UInt8], from object: Text) throws(ImageError) {
    let json = try document(withChecksum: bytes, object)
    var damage: ImageError?
    application = json.required("application").string()
    highest = json.requiredInteger("highest")
    payload = json.required("payload").digest()
    current = json.member("current").map { AcceptedRelease($0, object, &damage) }
    previous = json.member("previous").map { AcceptedRelease($0, object, &damage) }
    try check(json, object)
    if let damage { throw damage }
  }
}

/// The file of the roots.
func storedRoots(_ roots: [[UInt8]]) throws(ImageError) -> [UInt8] {
  var writer = JSONWriter()
  writer.object { $0.strings("roots", roots.map { string($0[...]) }) }
  return try withChecksum(writer.bytes())
}

/// Reads what `storedRoots` has made.
func readRoots(_ bytes: [UInt8], _ object: Text) throws(ImageError) -> [[UInt8]] {
  let json = try document(withChecksum: bytes, object)
  let roots = json.strings("roots").map { Array($0.utf8) }
  try check(json, object)
  return roots
}
