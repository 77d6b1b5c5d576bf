internal import JSON
internal import Linux
public import OCI
internal import Trust

/// A signature that came with an image.
public struct SignatureRecord: Equatable, Sendable {
  /// The blob with what is signed: cosign's payload, or a sigstore bundle.
  public let blob: Digest
  /// The signature of a payload in base64; nil where the blob is a bundle, which has it inside.
  public let signature: String?

  public init(blob: Digest, signature: String?) {
    self.blob = blob
    self.signature = signature
  }

  public static func == (left: SignatureRecord, right: SignatureRecord) -> Bool {
    left.blob == right.blob && left.signature.map { Array($0.utf8) } == right.signature.map { Array($0.utf8) }
  }
}

/// An image in the store, under one name.
public final class ImageRecord: Equatable, Sendable {
  public let name: String
  /// The digest of the manifest, by which the image is known everywhere.
  public let manifest: Digest
  public let config: Digest
  /// The ChainIDs of the layers (image-spec, config.md, "Layer ChainID"), the base first.
  public let layers: [Digest]
  /// Bytes of the layers' blobs, as they are sent: what is on disk is larger.
  public let size: UInt64
  /// The indexes that the manifest was chosen from, the outermost first: who signed one of them signed the image.
  public let indexes: [Digest]
  public let signatures: [SignatureRecord]
  /// The file that the image is in; nil when its layers are unpacked.
  public let erofs: ErofsRecord?

  public init(
    name: String, manifest: Digest, config: Digest, layers: [Digest], size: UInt64, indexes: [Digest] = [], signatures: [SignatureRecord] = [],
    erofs: ErofsRecord? = nil
  ) {
    self.name = name
    self.manifest = manifest
    self.config = config
    self.layers = layers
    self.size = size
    self.indexes = indexes
    self.signatures = signatures
    self.erofs = erofs
  }

  /// The same image under another name.
  func renamed(_ name: String) -> ImageRecord {
    ImageRecord(name: name, manifest: manifest, config: config, layers: layers, size: size, indexes: indexes, signatures: signatures, erofs: erofs)
  }

  /// The same image in a file.
  func with(_ erofs: ErofsRecord?) -> ImageRecord {
    ImageRecord(name: name, manifest: manifest, config: config, layers: layers, size: size, indexes: indexes, signatures: signatures, erofs: erofs)
  }

  /// What has to be there in `layers` for the image to be used: its layers, or its file in place of all of them.
  var neededLayers: [Digest] { erofs.map { [$0.digest] } ?? layers }

  /// Every blob that the store keeps for the image.
  var blobs: [Digest] { [manifest, config] + indexes + signatures.map { $0.blob } }

  public static func == (left: ImageRecord, right: ImageRecord) -> Bool {
    left.name.utf8.elementsEqual(right.name.utf8) && left.manifest == right.manifest && left.config == right.config && left.layers == right.layers
      && left.size == right.size && left.indexes == right.indexes && left.signatures == right.signatures
      && left.erofs == right.erofs
  }

  /// Reads what `stored` wrote.
  init(stored bytes: [UInt8], from object: Text) throws(ImageError) {
    let json = try document(withChecksum: bytes, object)
    name = json.required("name").string()
    manifest = json.required("manifest").digest()
    config = json.required("config").digest()
    layers = json.list("layers") { $0.digest() }
    size = json.requiredInteger("size")
    indexes = json.list("indexes") { $0.digest() }
    signatures = json.list("signatures") { SignatureRecord(blob: $0.required("blob").digest(), signature: $0.string("signature")) }
    erofs = json.member("erofs").map { ErofsRecord($0) }
    try check(json, object)
  }

  /// The record as it is stored: one line of JSON, and its checksum in a second one. A record that lost some of its bytes in a power cut is then known for one.
  func stored() throws(ImageError) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { object in
      object.member("name", name)
      object.member("manifest", manifest.text)
      object.member("config", config.text)
      object.strings("layers", layers.map { $0.text })
      object.member("size", size)
      if !indexes.isEmpty { object.strings("indexes", indexes.map { $0.text }) }
      if !signatures.isEmpty {
        object.key("signatures")
        object.array { array in
          for signature in signatures {
            array.object { object in
              object.member("blob", signature.blob.text)
              if let text = signature.signature { object.member("signature", text) }
            }
          }
        }
      }
      erofs?.add(to: &object)
    }
    return try withChecksum(writer.bytes())
  }
}

/// What keeps the layers below a container's own in the store.
struct ContainerRecord {
  /// The image's name when the container was made, and its layers, the base first.
  var image: String
  var layers: [Digest]
  /// Where the image is mounted, if it is not a container that needs it.
  var mount: MountRecord?

  func stored() throws(ImageError) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { object in
      object.member("image", image)
      object.strings("layers", layers.map { $0.text })
      if let mount { object.strings("mount", [mount.path, mount.boot, mount.namespace]) }
    }
    return try withChecksum(writer.bytes())
  }

  init(image: String, layers: [Digest], mount: MountRecord? = nil) {
    self.image = image
    self.layers = layers
    self.mount = mount
  }

  init(stored bytes: [UInt8], from object: Text) throws(ImageError) {
    let json = try document(withChecksum: bytes, object)
    image = json.required("image").string()
    layers = json.list("layers") { $0.digest() }
    mount = MountRecord(json.list("mount") { $0.string() })
    try check(json, object)
  }
}

/// A record as it is stored: the document, and its checksum in a second line.
func withChecksum(_ document: [UInt8]) throws(ImageError) -> [UInt8] {
  guard let digest = digest(of: document, .sha256) else { throw ImageError(.system(.noMemory), "there is not enough memory to write a record") }
  return document + [0x0A] + Array(digest.text.utf8) + [0x0A]
}

/// Reads what `withChecksum` has made; `object` says in messages what it is.
func document(withChecksum bytes: [UInt8], _ object: Text) throws(ImageError) -> JSONValue {
  guard let newline = bytes.firstIndex(of: 0x0A), let digest = digest(of: Array(bytes[..<newline]), .sha256),
    bytes[(newline + 1)...].elementsEqual(Array(digest.text.utf8) + [0x0A])
  else { throw ImageError(.invalid, "\(object): the record is damaged") }
  do throws(JSONError) {
    return try JSONValue(parsing: Array(bytes[..<newline]))
  } catch {
    throw ImageError(.invalid, "\(object): \(error.message)")
  }
}

/// Throws the first fault that reading a record has found.
func check(_ json: JSONValue, _ object: Text) throws(ImageError) {
  do throws(JSONPathError) {
    try json.check()
  } catch {
    throw ImageError(.invalid, "\(object): \(error.path): \(error.reason)")
  }
}
