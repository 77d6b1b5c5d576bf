internal import OCI
public import Trust

extension Store {
  /// What a policy decides about: the image's name, the digests that a signature of it may be for, and its signatures. Every document is verified again.
  public func signedImage(_ record: ImageRecord) throws(ImageError) -> SignedImage {
    for (number, index) in record.indexes.enumerated() {
      let name: Text = "image \(record.name): index \(index.text)"
      let text = try document(index)
      let next = number + 1 < record.indexes.count ? record.indexes[number + 1] : record.manifest
      var lists = false
      do throws(SpecError) {
        lists = try ImageIndex(parsing: text).manifests.contains { $0.digest == next }
      } catch {
        throw ImageError(error, in: name)
      }
      // A signature of an index is worth as much as what the index lists.
      guard lists else { throw ImageError(.invalid, "\(name): does not list \(next.text)") }
    }
    var signatures: [Signature] = []
    for signature in record.signatures { signatures.append(signature.signature(around: try document(signature.blob))) }
    return SignedImage(name: record.name, digests: [record.manifest] + record.indexes, signatures: signatures)
  }
}

extension SignatureRecord {
  /// The signature, whose blob is `text`.
  func signature(around text: [UInt8]) -> Signature {
    if let signature { return .simple(payload: text, digest: blob, signature: signature) }
    return .bundle(text, digest: blob)
  }
}
