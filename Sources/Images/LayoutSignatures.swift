internal import Linux
internal import OCI
internal import Trust

/// A signature in a layout.
struct FoundSignature {
  let record: SignatureRecord
  /// The blob's content.
  let text: [UInt8]
}

/// Where the signatures of an image are in a layout. Nothing says that they are genuine; that is for a policy to decide, now or when the image is run.
///
/// cosign attaches them in two ways. The older one is a manifest under the name `sha256-HEX.sig`, of which each layer is a payload, with the signature in an
/// annotation (cosign, specs/SIGNATURE_SPEC.md). The newer one is a manifest whose `subject` is the image and whose layer is a bundle; it is listed in `index.json`,
/// or in an index under the name `sha256-HEX`, or only lies among the blobs (image-spec, manifest.md; distribution-spec, "Referrers Tag Schema").
extension Layout {
  /// Manifests that are looked into; bytes of each of them, and of each signature; blobs that are looked at for more of them.
  private static var manifestLimit: Int { 256 }
  private static var sizeLimit: UInt64 { 64 << 10 }
  private static var blobLimit: Int { 4096 }

  /// The signatures of an image: of its manifest, or of an index that it was chosen from.
  func signatures(of images: [Digest]) throws(ImageError) -> [FoundSignature] {
    var found = Signatures(images: images)
    for entry in try attachments(of: images) { try add(entry, to: &found, isNamed: entry.isSignature(of: images)) }
    for name in try files.names(in: "blobs/sha256").prefix(Layout.blobLimit) {
      guard let digest = try? Digest(Text("sha256:\(name)").string), !found.seen.contains(digest), let text = try smallBlob(digest) else { continue }
      // Most are no manifests at all.
      guard let manifest = try? AttachedManifest(parsing: text), let subject = manifest.subject, images.contains(subject) else { continue }
      try add(manifest, to: &found)
    }
    return found.signatures
  }

  private struct Signatures {
    let images: [Digest]
    var signatures: [FoundSignature] = []
    /// Manifests that were looked into.
    var seen: [Digest] = []
  }

  /// Entries of the index that may be attached to an image.
  private func attachments(of images: [Digest]) throws(ImageError) -> [Descriptor] {
    var entries: [Descriptor] = []
    for entry in index?.manifests ?? [] {
      if entry.role == .manifest, !entry.isImage || entry.isAttached { entries.append(entry) }
      if entry.role == .index, entry.isReferrers(of: images) {
        guard let text = try attached(entry) else { continue }
        do throws(SpecError) {
          entries += try ImageIndex(parsing: text).manifests.filter { $0.role == .manifest }
        } catch {
          throw ImageError(error, in: "index \(entry.digest.text)")
        }
      }
    }
    return Array(entries.prefix(Layout.manifestLimit))
  }

  private func add(_ entry: Descriptor, to found: inout Signatures, isNamed: Bool) throws(ImageError) {
    if found.seen.contains(entry.digest) || entry.size > Layout.sizeLimit { return }
    found.seen.append(entry.digest)
    // What is attached may be anything.
    guard let text = try attached(entry), let manifest = try? AttachedManifest(parsing: text) else { return }
    if isNamed || manifest.subject.map({ found.images.contains($0) }) ?? false { try add(manifest, to: &found) }
  }

  private func add(_ manifest: AttachedManifest, to found: inout Signatures) throws(ImageError) {
    for layer in manifest.layers where found.signatures.count < TrustPolicy.signatureLimit {
      var signature: String?
      if layer.mediaType.equals("application/vnd.dev.cosign.simplesigning.v1+json") {
        signature = layer.annotations.first { $0.key.equals("dev.cosignproject.cosign/signature") }?.value
        if signature == nil { continue }
      } else if !layer.mediaType.begins(with: "application/vnd.dev.sigstore.bundle") {
        continue
      }
      let record = SignatureRecord(blob: layer.digest, signature: signature)
      if found.signatures.contains(where: { $0.record == record }) { continue }
      guard layer.size <= Layout.sizeLimit else { throw ImageError(.invalid, "blob \(layer.digest.text): a signature of more than \(Layout.sizeLimit) bytes") }
      if let text = try attached(layer) { found.signatures.append(FoundSignature(record: record, text: text)) }
    }
  }

  /// A document; nil when a layout has left it out, as it may: a signature that is not there is none.
  private func attached(_ descriptor: Descriptor) throws(ImageError) -> [UInt8]? {
    do throws(ImageError) {
      return try document(descriptor)
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
  }

  /// A blob that may be a manifest, verified; nil for one that is larger, or not what its name says: nothing refers to it.
  private func smallBlob(_ digest: Digest) throws(ImageError) -> [UInt8]? {
    let object: Text = "blob \(digest.text)"
    guard let file = try files.open(Path(Text("blobs/sha256/\(digest.hex)").string), object), file.left <= Layout.sizeLimit else { return nil }
    let bytes = try doing("read", object) { () throws(Errno) in try file.readAll(limit: Int(Layout.sizeLimit)) }
    guard let bytes, bytes.first == 0x7B, Trust.digest(of: bytes, .sha256) == digest else { return nil }
    return bytes
  }
}

extension Descriptor {
  /// Whether the entry of a layout's index is no image but something attached to one: cosign names it by the image's digest, or says so (`cosign save`).
  var isAttached: Bool {
    if annotations.contains(where: {
      $0.key.equals("kind") && ($0.value.equals("dev.cosignproject.cosign/sigs") || $0.value.equals("dev.cosignproject.cosign/atts"))
    }) {
      return true
    }
    guard let name = attachedName, name.begins(with: "sha256-") else { return false }
    let digits = name.utf8.dropFirst(7).prefix(64)
    return digits.count == 64 && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// Whether cosign has given the entry the name of a signature of one of the images, or says that it is one (`cosign save`).
  fileprivate func isSignature(of images: [Digest]) -> Bool {
    if annotations.contains(where: { $0.key.equals("kind") && $0.value.equals("dev.cosignproject.cosign/sigs") }) { return true }
    guard let name = attachedName else { return false }
    return images.contains { name.equals(Text("\($0.algorithm.name)-\($0.hex).sig").string) }
  }

  /// Whether the entry is an index of what is attached to one of the images.
  fileprivate func isReferrers(of images: [Digest]) -> Bool {
    guard let name = attachedName else { return false }
    return images.contains { name.equals(Text("\($0.algorithm.name)-\($0.hex)").string) }
  }

  private var attachedName: String? { annotations.first { $0.key.equals("org.opencontainers.image.ref.name") }?.value }
}
