import Foundation
import OCI
import Testing

@testable import Trust

@Suite("signatures of images")
struct SignatureTests {
  private static let matching = #","signedIdentity":{"type":"matchRepository"}"#
  private let image: Digest

  init() throws { image = try Digest(Vectors.image) }

  private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

  private func policy(_ key: String = Vectors.key, _ identity: String = Self.matching) throws -> TrustPolicy {
    let text = #"{"default":[{"type":"sigstoreSigned","keyData":"\#(base64(key))"\#(identity)}]}"#
    return try TrustPolicy(parsing: Array(text.utf8), file: "policy.json")
  }

  private func simple(_ payload: String = Vectors.payload, _ signature: String = Vectors.payloadSignature) -> Signature {
    .simple(payload: Array(payload.utf8), digest: image, signature: signature)
  }

  private func bundle(
    _ statement: String = Vectors.statement, _ signature: String = Vectors.statementSignature,
    type: String = "application/vnd.dev.sigstore.bundle.v0.3+json", kind: String = "application/vnd.in-toto+json", more: String = ""
  ) -> Signature {
    let text = """
      {"mediaType":"\(type)","verificationMaterial":{"tlogEntries":[{"logIndex":"1"}]},"dsseEnvelope":{"payload":"\(base64(statement))",\
      "payloadType":"\(kind)","signatures":[{"sig":"\(signature)","keyid":""}\(more)]}}
      """
    return .bundle(Array(text.utf8), digest: image)
  }

  private func judge(
    _ signatures: [Signature], _ policy: TrustPolicy, name: String = "acme/app:1", digests: [Digest]? = nil
  ) -> Judgement {
    policy.judge(SignedImage(name: name, digests: digests ?? [image], signatures: signatures)) { path throws(TrustError) in
      if path == "/keys/cosign.pub" { return Array(Vectors.key.utf8) }
      throw TrustError("open \(path): no such file or directory")
    }
  }

  @Test("both forms are accepted by the key that made them, and by no other")
  func accepted() throws {
    let accepted = judge([simple()], try policy())
    #expect(accepted.isAccepted && accepted.reasons == ["signature \(image.text) by policy.json: default[0].keyData"])
    #expect(judge([bundle()], try policy(identity: "")).isAccepted)
    #expect(judge([bundle(type: "application/vnd.dev.sigstore.bundle+json;version=0.3")], try policy(identity: "")).isAccepted)
    for signature in [simple(), bundle()] {
      let refused = judge([signature], try policy(Vectors.otherKey))
      #expect(!refused.isAccepted && refused.rule == "policy.json: default[0]")
      #expect(refused.reasons == ["signature \(image.text): no key of the policy has made it"])
    }
  }

  private func policy(identity: String) throws -> TrustPolicy { try policy(Vectors.key, identity) }

  @Test("one good signature among others is enough, in whatever place of the first 64")
  func several() throws {
    #expect(judge([simple("x"), bundle("x"), simple()], try policy()).isAccepted)
    #expect(judge([Signature](repeating: simple("x"), count: 63) + [simple()], try policy()).isAccepted)
    #expect(!judge([Signature](repeating: simple("x"), count: 64) + [simple()], try policy()).isAccepted)
    #expect(judge([], try policy()).reasons == ["it has no signatures"])
  }

  @Test("a signature of an index is one of the images in it; of another image it is none")
  func otherImage() throws {
    let other = try Digest("sha256:" + String(repeating: "0", count: 64))
    #expect(judge([simple()], try policy(), digests: [other, image]).isAccepted)
    for signature in [simple(), bundle()] {
      let refused = judge([signature], try policy(identity: Self.matching), digests: [other])
      #expect(!refused.isAccepted && refused.reasons[0].hasSuffix("it is for another image, \(image.text)"))
    }
  }

  @Test("the name counts as the policy has it, and a bundle has none")
  func names() throws {
    #expect(judge([simple()], try policy(), name: "acme/other").reasons[0].contains("it is for docker.io/acme/app, and the policy does not permit that"))
    #expect(!judge([simple()], try policy(identity: "")).isAccepted)
    #expect(judge([simple()], try policy(identity: ""), name: "acme/app@\(image.text)").isAccepted)
    let digest = "sha256:" + String(repeating: "0", count: 64)
    #expect(judge([simple()], try policy(identity: ""), name: "acme/app@\(digest)").reasons == ["its name has the digest \(digest), and it has \(image.text)"])
    #expect(judge([bundle()], try policy()).reasons[0].hasSuffix("it is for no name, as all sigstore bundles, and the policy has a signedIdentity"))
    #expect(!judge([bundle()], try policy(identity: ""), name: "Not A Name").isAccepted)
  }

  @Test("an attestation about the image is no permission to run it")
  func attestation() throws {
    let refused = judge([bundle(Vectors.attestation, Vectors.attestationSignature)], try policy(identity: ""))
    #expect(!refused.isAccepted && refused.reasons[0].contains("predicateType: unknown value"))
  }

  @Test("every byte that is changed in what is signed, and every byte of the signature, refuses it")
  func tampered() throws {
    let policy = try policy()
    let payload = Array(Vectors.payload.utf8)
    for index in stride(from: 0, to: payload.count, by: 7) {
      var changed = payload
      changed[index] ^= 1
      #expect(!judge([.simple(payload: changed, digest: image, signature: Vectors.payloadSignature)], policy).isAccepted)
    }
    let signature = try #require(Data(base64Encoded: Vectors.payloadSignature))
    for index in signature.indices {
      var changed = signature
      changed[index] ^= 1
      #expect(!judge([simple(Vectors.payload, changed.base64EncodedString())], policy).isAccepted, "byte \(index)")
    }
  }

  @Test("what is no signature is refused: empty, zero numbers, cut short, with more behind it, no base64, with line breaks")
  func malformed() throws {
    let policy = try policy()
    let signature = try #require(Data(base64Encoded: Vectors.payloadSignature))
    let zeros = Data([0x30, 6, 2, 1, 0, 2, 1, 0])
    for text in [
      "", zeros.base64EncodedString(), signature.dropLast().base64EncodedString(), (signature + [0]).base64EncodedString(), "%%%%",
      String(Vectors.payloadSignature.prefix(40)) + "\n" + Vectors.payloadSignature.dropFirst(40),
    ] { #expect(!judge([simple(Vectors.payload, text)], policy).isAccepted, "\(text)") }
  }

  @Test("a bundle of another kind is refused with what it is")
  func otherBundles() throws {
    let policy = try policy(identity: "")
    for (signature, part) in [
      (bundle(type: "application/vnd.dev.sigstore.bundle+json;version=0.1"), "mediaType: unknown value"),
      (bundle(kind: "text/plain"), "payloadType: unknown value"),
      (bundle(more: #",{"sig":"AA=="}"#), "signatures: expected one signature"), (.bundle(Array("{".utf8), digest: image), "the bundle: line 1"),
      (.bundle(Array(#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","messageSignature":{}}"#.utf8), digest: image), "dsseEnvelope: missing"),
    ] {
      let refused = judge([signature], policy)
      #expect(!refused.isAccepted && refused.reasons[0].contains(part), "\(refused.reasons)")
    }
  }

  @Test("keys of other kinds, a point beside the curve, and files that are none, are refused by name, even beside a good one")
  func keys() throws {
    for key in [Vectors.keyOverP384, Vectors.keyOfRSA, "", "-----BEGIN PUBLIC KEY-----\n", Vectors.key.replacing("WXKiw==", with: "WXKjw==")] {
      let refused = judge([simple()], try policy(key))
      #expect(refused.reasons == ["policy.json: default[0].keyData: is no public key over the curve P-256 in PEM"], "\(key)")
    }
    func files(_ list: String) throws -> Judgement {
      judge([simple()], try TrustPolicy(parsing: Array(#"{"default":[{"type":"sigstoreSigned","keyPaths":[\#(list)]\#(Self.matching)}]}"#.utf8), file: "p"))
    }
    #expect(try files(#""/keys/cosign.pub""#).reasons == ["signature \(image.text) by /keys/cosign.pub"])
    #expect(try files(#""/keys/cosign.pub","/keys/gone.pub""#).reasons == ["open /keys/gone.pub: no such file or directory"])
  }

  @Test("every requirement of a rule has to be met")
  func all() throws {
    let signed = #"{"type":"sigstoreSigned","keyData":"\#(base64(Vectors.key))"\#(Self.matching)}"#
    func judgement(_ requirements: String) throws -> Judgement {
      judge([simple()], try TrustPolicy(parsing: Array(#"{"default":[\#(requirements)]}"#.utf8), file: "p"))
    }
    #expect(try judgement(#"\#(signed),{"type":"insecureAcceptAnything"}"#).isAccepted)
    #expect(try judgement(#"\#(signed),{"type":"reject"}"#).rule == "p: default[1]")
    #expect(try !judgement(#"{"type":"insecureAcceptAnything"},\#(signed.replacing(base64(Vectors.key), with: base64(Vectors.otherKey)))"#).isAccepted)
  }
}
