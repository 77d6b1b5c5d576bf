import Testing

@testable import Trust

@Suite("policy.json")
struct PolicyTests {
  private func policy(_ text: String) throws -> TrustPolicy { try TrustPolicy(parsing: Array(text.utf8), file: "policy.json") }

  private func error(_ text: String) -> String? {
    do throws(TrustError) {
      _ = try TrustPolicy(parsing: Array(text.utf8), file: "policy.json")
      return nil
    } catch {
      return error.message
    }
  }

  private func key(_ extra: String) -> String { #"{"default":[{"type":"sigstoreSigned",\#(extra)}]}"# }

  @Test("the most specific scope decides: the name, its repository, directories, host, domains, the transport, the default")
  func scopes() throws {
    let reject = #"[{"type":"reject"}]"#
    for (scope, others) in [
      ("reg.example.com/acme/app:1", ["reg.example.com/acme/app:2", "reg.example.com/acme/app"]),
      ("reg.example.com/acme/app", ["reg.example.com/acme/app2:1", "reg.example.com/acme"]),
      ("reg.example.com/acme", ["reg.example.com/acme2/app:1"]), ("reg.example.com", ["reg2.example.com/acme/app:1"]),
      ("*.example.com", ["example.com/acme/app:1"]), ("*.com", ["reg.example.org/acme/app:1"]),
    ] {
      let policy = try policy(#"{"default":[{"type":"insecureAcceptAnything"}],"transports":{"docker":{"\#(scope)":\#(reject)}}}"#)
      #expect(policy.requirements(for: ImageReference("reg.example.com/acme/app:1")).place == "transports.docker[\"\(scope)\"]")
      for other in others { #expect(policy.requirements(for: ImageReference(other)).place == "default", "\(scope) \(other)") }
    }
    let all = try policy(#"{"default":[{"type":"reject"}],"transports":{"docker":{"":\#(reject),"docker.io":\#(reject)}}}"#)
    #expect(all.requirements(for: ImageReference("quay.io/a")).place == #"transports.docker[""]"#)
    #expect(all.requirements(for: ImageReference("redis")).place == #"transports.docker["docker.io"]"#)
    #expect(all.requirements(for: nil).place == "default")
  }

  @Test("rules of other transports are read and are about no image here")
  func otherTransports() throws {
    let policy = try policy(#"{"default":[{"type":"reject"}],"transports":{"docker-daemon":{"":[{"type":"insecureAcceptAnything"}]}}}"#)
    #expect(policy.requirements(for: ImageReference("redis")).place == "default")
    #expect(error(#"{"default":[{"type":"reject"}],"transports":{"oci":{"":[{"type":"x"}]}}}"#)?.contains(#"transports.oci[""][0].type"#) == true)
  }

  @Test(
    "what is not understood refuses the file, with its place",
    arguments: [
      ("", "line 1"), ("[]", "expected an object"), ("{}", "default: missing"), (#"{"default":[]}"#, "default: expected at least one requirement"),
      (#"{"default":[{"type":"accept"}]}"#, "default[0].type: unknown value 'accept'"), (#"{"default":[{}]}"#, "default[0].type: missing"),
      (#"{"default":[{"type":"reject","key":1}]}"#, "default[0].key: unknown key"), (#"{"default":[{"type":"reject"}],"x":1}"#, "x: unknown key"),
      (#"{"default":[{"type":"reject"}],"default":[{"type":"reject"}]}"#, "given twice"),
      (#"{"default":[{"type":"sigstoreSigned"}]}"#, "default[0]: expected exactly one of keyPath"),
      (#"{"default":[{"type":"sigstoreSigned","keyPath":"/a","keyPaths":["/b"]}]}"#, "expected exactly one"),
      (#"{"default":[{"type":"sigstoreSigned","keyPath":"cosign.pub"}]}"#, "default[0].keyPath: expected an absolute path"),
      (#"{"default":[{"type":"sigstoreSigned","keyPaths":[]}]}"#, "keyPaths: expected at least one key"),
      (#"{"default":[{"type":"sigstoreSigned","keyData":"%"}]}"#, "default[0].keyData: expected base64"),
      (#"{"default":[{"type":"sigstoreSigned","keyPath":"/a","signedIdentity":{"type":"any"}}]}"#, "signedIdentity.type: unknown value 'any'"),
      (#"{"default":[{"type":"sigstoreSigned","keyPath":"/a","signedIdentity":{"type":"exactRepository"}}]}"#, "dockerRepository: missing"),
      (#"{"default":[{"type":"sigstoreSigned","keyPath":"/a","signedIdentity":{"type":"exactReference","dockerReference":"A/B"}}]}"#, "expected the name of"),
    ])
  func strict(_ text: String, _ part: String) {
    let error = error(text)
    #expect(error?.hasPrefix("policy.json: ") == true && error?.contains(part) == true, "\(error ?? "taken")")
  }

  @Test(
    "a type that cannot be checked here is taken, and nobody meets it",
    arguments: [
      (#"{"type":"signedBy","keyType":"GPGKeys","keyPath":"/a"}"#, "OpenPGP"), (#"{"type":"sigstoreSigned","fulcio":{"caPath":"/a"}}"#, "fulcio"),
      (#"{"type":"sigstoreSigned","pki":{}}"#, "pki"), (#"{"type":"sigstoreSigned","keyPath":"/a","rekorPublicKeyPath":"/b"}"#, "transparency log"),
    ])
  func unsupported(_ requirement: String, _ part: String) throws {
    let judgement = try policy(#"{"default":[\#(requirement)]}"#).judge(SignedImage(name: "a", digests: [], signatures: [])) { _ in [] }
    #expect(!judgement.isAccepted && judgement.reasons.contains { $0.contains(part) })
    #expect(judgement.rule == "policy.json: default[0]")
  }
}

@Suite("names of images")
struct ImageReferenceTests {
  @Test(
    "a short name means what it means to Docker",
    arguments: [
      ("redis", "docker.io/library/redis:latest"), ("redis:7", "docker.io/library/redis:7"), ("acme/app", "docker.io/acme/app:latest"),
      ("localhost/app", "localhost/app:latest"), ("reg:5000/a/b:c", "reg:5000/a/b:c"), ("docker.io/redis", "docker.io/library/redis:latest"),
      ("a.b/c@sha256:00", "a.b/c@sha256:00"), ("a.b/c:1@sha256:00", "a.b/c:1@sha256:00"),
    ])
  func normal(_ name: String, _ whole: String) { #expect(ImageReference(name)?.text == whole) }

  @Test("what registries do not take is none", arguments: ["", "/", "a//b", "A", "a/B", "-a", "a:", "a:.b", "a@", "a b", "é", "a/", ":1"])
  func refused(_ name: String) { #expect(ImageReference(name) == nil) }

  @Test("which names a signature may have for an image")
  func identities() throws {
    let image = try #require(ImageReference("reg.io/acme/app:1"))
    let pinned = try #require(ImageReference("reg.io/acme/app@sha256:00"))
    let same = try #require(ImageReference.exactly("reg.io/acme/app:1"))
    let untagged = try #require(ImageReference.exactly("reg.io/acme/app"))
    let other = try #require(ImageReference.exactly("reg.io/acme/other:1"))
    func permits(_ identity: SignedIdentity, _ image: ImageReference = image) -> [Bool] { [same, untagged, other].map { identity.permits($0, for: image) } }
    #expect(permits(.matchExact) == [true, false, false])
    #expect(permits(.matchExact, pinned) == [false, false, false])
    #expect(permits(.matchRepoDigestOrExact) == [true, false, false] && permits(.unspecified) == [true, false, false])
    #expect(permits(.matchRepoDigestOrExact, pinned) == [true, true, false])
    #expect(permits(.matchRepository) == [true, true, false])
    #expect(permits(.exactReference(other)) == [false, false, true] && permits(.exactReference(untagged)) == [false, false, false])
    #expect(permits(.exactRepository("reg.io/acme/other")) == [false, false, true])
    let mirror = try #require(ImageReference("mirror.io/acme/app:1"))
    #expect(permits(.remapIdentity(prefix: "mirror.io", signedPrefix: "reg.io"), mirror) == [true, false, false])
    #expect(permits(.remapIdentity(prefix: "mirror.i", signedPrefix: "reg.i"), mirror) == [false, false, false])
    #expect(permits(.remapIdentity(prefix: "other.io", signedPrefix: "reg.io"), image) == [true, false, false])
  }
}
