import Linux
import OCI
import Trust

@testable import Images

/// A directory of its own for one test, removed at its end.
final class Scratch {
  private let parent: FileDescriptor
  private let name: Path
  let directory: FileDescriptor
  let path: Path

  init(_ test: String) throws {
    let parent = try FileDescriptor.open("/tmp", [.readOnly, .directory])
    let name = Path("apus-images-\(test)-\(UInt32.random(in: 0...UInt32.max))")
    try parent.makeDirectory(name, mode: 0o700)
    self.directory = try parent.open(name, [.readOnly, .directory])
    self.parent = parent
    self.name = name
    path = Path("/tmp").appending(name.bytes)
  }

  deinit { try? parent.removeTree(name) }

  /// Writes a file, and the directories above it.
  func write(_ path: Path, _ bytes: [UInt8]) throws {
    var here = try directory.duplicate()
    for part in path.components.dropLast() { here = try here.ensureDirectory(Path(bytes: part), mode: 0o700) }
    try here.open(Path(bytes: path.components.last ?? []), [.writeOnly, .create, .truncate], mode: 0o600).writeAll(bytes)
  }

  func text(_ path: Path) throws -> String { String(decoding: try directory.open(path, .readOnly).readAll(limit: 1 << 20), as: UTF8.self) }

  func status(_ path: Path) -> FileStatus? { try? directory.status(of: path) }

  /// All names below `path`, sorted, directories with a slash.
  func names(below path: Path) throws -> [String] {
    var names: [String] = []
    for entry in try directory.open(path, [.readOnly, .directory]).entries() {
      let isDirectory = entry.type == .directory
      names.append(entry.name.description + (isDirectory ? "/" : ""))
      if isDirectory {
        names += try self.names(below: path.appending(entry.name.bytes)).map { "\(entry.name.description)/\($0)" }
      }
    }
    return names.sorted()
  }
}

/// An image layout as a test wants it: sound unless it says otherwise.
struct LayoutBuilder {
  struct Layer {
    var archive: [UInt8]
    var compressed = true
    /// Instead of the type that fits.
    var mediaType: String?
    /// What is stored instead of the (compressed) archive, while the descriptor tells of the true one.
    var stored: [UInt8]?
    /// What the descriptor is made of instead of the archive.
    var blob: [UInt8]?
    var size: Int?
    var diffID: String?
  }

  var layers: [Layer] = []
  var architecture = Platform.device.architecture
  var reference: String? = "latest"
  var execution = #"{"Cmd":["/bin/sh"],"Env":["A=1"]}"#
  /// Whether the config has a diff_id less than there are layers.
  var oneDiffIDLess = false
  /// Changes a document before its digest is calculated.
  var editManifest: (String) -> String = { $0 }
  var editConfig: (String) -> String = { $0 }
  var editIndex: (String) -> String = { $0 }

  init(_ layers: [[Entry]] = []) { self.layers = layers.map { Layer(archive: tar($0)) } }

  static func digest(_ bytes: [UInt8]) -> String { Trust.digest(of: bytes, .sha256)?.text ?? "" }

  @discardableResult
  func write(to scratch: Scratch, _ name: String = "layout") throws -> Path {
    func put(_ bytes: [UInt8], as digest: String) throws { try scratch.write(Path("\(name)/blobs/sha256/\(String(digest.dropFirst(7)))"), bytes) }
    var descriptors: [String] = []
    var diffIDs: [String] = []
    for layer in layers {
      let blob = layer.blob ?? (layer.compressed ? gzip(layer.archive) : layer.archive)
      let type = layer.mediaType ?? "application/vnd.oci.image.layer.v1.tar\(layer.compressed ? "+gzip" : "")"
      descriptors.append(#"{"mediaType":"\#(type)","digest":"\#(LayoutBuilder.digest(blob))","size":\#(layer.size ?? blob.count)}"#)
      diffIDs.append(layer.diffID ?? LayoutBuilder.digest(layer.archive))
      try put(layer.stored ?? blob, as: LayoutBuilder.digest(blob))
    }
    if oneDiffIDLess { diffIDs.removeLast() }
    let config = Array(
      editConfig(
        #"{"os":"linux","architecture":"\#(architecture)","config":\#(execution),"rootfs":{"type":"layers","diff_ids":["#
          + diffIDs.map { "\"\($0)\"" }.joined(separator: ",") + "]}}"
      ).utf8)
    try put(config, as: LayoutBuilder.digest(config))
    let manifest = Array(
      editManifest(
        #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"#
          + "\"\(LayoutBuilder.digest(config))\",\"size\":\(config.count)},\"layers\":[" + descriptors.joined(separator: ",") + "]}"
      ).utf8)
    try put(manifest, as: LayoutBuilder.digest(manifest))
    let annotations = reference.map { #","annotations":{"org.opencontainers.image.ref.name":"\#($0)"}"# } ?? ""
    let index = editIndex(
      #"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"#
        + "\"\(LayoutBuilder.digest(manifest))\",\"size\":\(manifest.count)\(annotations)}]}")
    try scratch.write(Path("\(name)/index.json"), Array(index.utf8))
    try scratch.write(Path("\(name)/oci-layout"), Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
    return scratch.path.appending(name)
  }
}

extension Store {
  /// Imports the only image of a layout or an archive.
  @discardableResult
  func importLayout(
    from path: Path, name: String? = nil, limits: Limits = Limits(), progress: (ImportEvent) -> Void = { _ in }
  ) throws(ImageError) -> ImportResult {
    let results = try importImages(from: .path(path), name: name, limits: limits, progress: progress)
    guard results.count == 1 else { throw ImageError(.invalid, "\(results.count) images") }
    return results[0]
  }
}
