import OCI

@testable import Trust

/// A policy, and what comes with an image as its signature: each reader gets the same text. Nothing decides for an image that is not signed.
func fuzzTrust(_ input: [UInt8]) {
  do throws(TrustError) {
    let policy = try TrustPolicy(parsing: input, file: "policy.json")
    for name in ["redis", "reg.example.com/acme/app:1", "No Name"] {
      let (_, requirements) = policy.requirements(for: ImageReference(name))
      let judgement = policy.judge(SignedImage(name: name, digests: [], signatures: [])) { (_) throws(TrustError) in input }
      var acceptsAnything = true
      for requirement in requirements { if case .insecureAcceptAnything = requirement { continue } else { acceptsAnything = false } }
      require(judgement.isAccepted == acceptsAnything && !judgement.reasons.isEmpty, "an image without signatures is accepted where nothing else is asked for")
    }
  } catch { requireLine(error.message) }
  claim { () throws(TrustError) in _ = try Claim(simpleSigning: input, key: "key") }
  claim { () throws(TrustError) in _ = try Claim(statement: input, key: "key") }
  claim { () throws(TrustError) in
    let envelope = try Envelope(bundle: input)
    require(envelope.signedBytes.count > envelope.payload.count, "the payload is part of what is signed")
  }
  claim { () throws(TrustError) in _ = try PublicKey(pem: input, name: "key") }
  require(!someKey.hasSigned(Array("image".utf8), input), "nobody has signed what the fuzzer makes up")
  let text = String(decoding: input, as: UTF8.self)
  if let reference = ImageReference(text) {
    require(ImageReference(reference.text)?.text == reference.text, "a whole name means itself")
    require(reference.scopes.first == reference.text, "the first scope of an image is itself")
  }
}

nonisolated(unsafe) private let someKey: PublicKey = {
  let pem = """
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8FCq/I0AnSFJPSPr+o0FhBh3lQxA
    ZKkpCiX1GsOI42DXG9XTAAgoYjftcK5xt8HlpOOc8aGZz34tBIJD0WXKiw==
    -----END PUBLIC KEY-----

    """
  do throws(TrustError) { return try PublicKey(pem: Array(pem.utf8), name: "key") } catch { fatalError(error.message) }
}()

private func claim(_ body: () throws(TrustError) -> Void) {
  do throws(TrustError) { try body() } catch { requireLine(error.message) }
}
