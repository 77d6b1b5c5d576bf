import OCI
import Testing

private let hex = "e692418e4cbaf90ca69d05a66403747baa33ee08806650b51fab815ad7fc331f"
private let manifestType = "application/vnd.oci.image.manifest.v1+json"

/// A descriptor's document.
private func descriptor(_ type: String, more: String = "") -> String { #"{"mediaType": "\#(type)", "digest": "sha256:\#(hex)", "size": 7\#(more)}"# }

private func manifest(
  _ more: String = "", config: String = descriptor("application/vnd.oci.image.config.v1+json"),
  layers: String = "[\(descriptor("application/vnd.oci.image.layer.v1.tar+gzip"))]"
) -> [UInt8] {
  Array(#"{"schemaVersion": 2, "config": \#(config), "layers": \#(layers)\#(more)}"#.utf8)
}

private func index(_ entries: [String], _ more: String = "") -> [UInt8] {
  Array(#"{"schemaVersion": 2, "manifests": [\#(entries.joined(separator: ","))]\#(more)}"#.utf8)
}

private func imageConfig(_ members: String) -> [UInt8] { Array(#"{"os": "linux", "architecture": "arm64", \#(members)}"#.utf8) }

@Suite("digests are checked before anything is made of them")
struct DigestTests {
  @Test("sha256 and sha512 are taken and written as they were")
  func taken() throws {
    for text in ["sha256:\(hex)", "sha512:\(hex)\(hex)"] { #expect(try Digest(text).text == text) }
    #expect(try Digest("sha256:\(hex)") != Digest("sha512:\(hex)\(hex)"))
    #expect(try Digest("sha256:\(hex)") == Digest("sha256:\(hex)"))
  }

  @Test(
    "what breaks the grammar is refused",
    arguments: [
      "", ":", "sha256", "sha256:", hex, "sha256:\(hex)0", "sha256:\(hex.dropLast())", "sha256:\(hex.uppercased())", "SHA256:\(hex)", "sha512:\(hex)",
      "sha256:../../../../etc/passwd", "sha256:\(hex.dropLast())/", "sha256:\(hex.dropLast())\u{E9}", " sha256:\(hex)", "sha256:\(hex)\n",
      "sha256::\(hex.dropLast())", "../sha256:\(hex)", "sha256+:\(hex)", ".a:\(hex)",
    ])
  func malformed(_ text: String) {
    #expect(throws: DigestError.malformed) { try Digest(text) }
  }

  @Test("another hash function is named", arguments: ["blake3", "multihash+base58", "sha256+b64u", "md5"])
  func unsupported(_ name: String) {
    #expect(throws: DigestError.unsupportedAlgorithm(name)) { try Digest("\(name):\(hex)") }
  }

  @Test("a hash becomes its digest")
  func fromHash() throws {
    let hash = (0..<32).map { UInt8($0 * 8 + 7) }
    #expect(Digest(algorithm: .sha256, hash: hash)?.text == "sha256:070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff")
    #expect(Digest(algorithm: .sha512, hash: hash) == nil)
  }
}

@Suite("manifests, indexes and configurations of images")
struct ImageTests {
  @Test("a manifest is taken, OCI's and Docker's")
  func manifests() throws {
    let taken = try ImageManifest(parsing: manifest(#", "annotations": {"a": "b"}"#))
    #expect(taken.config == Descriptor(mediaType: "application/vnd.oci.image.config.v1+json", digest: try Digest("sha256:\(hex)"), size: 7))
    #expect(taken.layers.map(\.role) == [.layer(.gzip)])
    #expect(taken.annotations == [Annotation(key: "a", value: "b")])
    let docker = try ImageManifest(
      parsing: manifest(
        #", "mediaType": "application/vnd.docker.distribution.manifest.v2+json""#, config: descriptor("application/vnd.docker.container.image.v1+json"),
        layers: "[\(descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip")), \(descriptor("application/vnd.oci.image.layer.v1.tar+zstd"))]"))
    #expect(docker.layers.map(\.role) == [.layer(.gzip), .layer(.zstd)])
  }

  @Test(
    "a manifest that could be something else is refused",
    arguments: [
      (manifest(#", "manifests": []"#), "manifests: must not be given in an image manifest"),
      (
        manifest(#", "mediaType": "application/vnd.oci.image.index.v1+json""#),
        "mediaType: expected an image manifest, found 'application/vnd.oci.image.index.v1+json'"
      ),
      (manifest(#", "mediaType": "text/plain""#), "mediaType: expected an image manifest, found 'text/plain'"),
      (manifest(#", "artifactType": "application/x""#), "artifactType: this is an artifact (application/x), not an image that can be run"),
      (
        manifest(config: descriptor("application/vnd.oci.empty.v1+json")),
        "config.mediaType: expected the configuration of an image, found 'application/vnd.oci.empty.v1+json'"
      ),
      (
        manifest(layers: "[\(descriptor("application/vnd.oci.image.config.v1+json"))]"),
        "layers[0].mediaType: expected a layer, found 'application/vnd.oci.image.config.v1+json'"
      ),
      (manifest(layers: "null"), "layers: missing"),
      (manifest(layers: "{}"), "layers: expected an array, found an object"),
      (manifest(config: "null"), "config: missing"),
      (manifest(config: #"{"mediaType": "", "digest": "x", "size": 1}"#), "config.mediaType: must not be empty"),
      (manifest(config: #"{"mediaType": "a", "size": 1}"#), "config.digest: missing"),
      (manifest(config: #"{"mediaType": "a", "digest": "sha256:../x", "size": 1}"#), "config.digest: \(DigestError.malformed.message)"),
      (
        manifest(config: #"{"mediaType": "a", "digest": "blake3:\#(hex)", "size": 1}"#),
        "config.digest: the digest algorithm 'blake3' is not supported, only sha256 and sha512 are"
      ),
      (manifest(config: #"{"mediaType": "a", "digest": "sha256:\#(hex)"}"#), "config.size: missing"),
      (
        manifest(config: #"{"mediaType": "a", "digest": "sha256:\#(hex)", "size": -1}"#),
        "config.size: out of range: -1 is not between 0 and 9223372036854775807"
      ),
      (
        manifest(config: #"{"mediaType": "a", "digest": "sha256:\#(hex)", "size": 9223372036854775808}"#),
        "config.size: out of range: 9223372036854775808 is not between 0 and 9223372036854775807"
      ),
      (Array(#"{"config": {}, "layers": []}"#.utf8), "schemaVersion: missing"),
      (Array(#"{"schemaVersion": 1, "config": {}, "layers": []}"#.utf8), "schemaVersion: expected 2, found 1"),
    ] as [([UInt8], String)])
  func manifestRefused(_ text: [UInt8], _ message: String) {
    #expect(refusal { () throws(SpecError) in try ImageManifest(parsing: text) } == message)
  }

  @Test("an index keeps entries that it does not understand")
  func indexes() throws {
    let entries = [
      descriptor(manifestType, more: #", "platform": {"os": "linux", "architecture": "arm", "variant": ""}, "artifactType": "x", "annotations": {"k": "v"}"#),
      descriptor("application/x-unknown"),
    ]
    let taken = try ImageIndex(parsing: index(entries, #", "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json""#))
    #expect(taken.manifests.map(\.role) == [.manifest, nil])
    #expect(taken.manifests[0].platform == Platform(architecture: "arm"))
    #expect(taken.manifests[0].artifactType == "x")
    #expect(taken.manifests[0].annotations == [Annotation(key: "k", value: "v")])
    #expect(try ImageIndex(parsing: index([])).manifests.isEmpty)
  }

  @Test(
    "an index that could be something else is refused",
    arguments: [
      (index([], #", "layers": []"#), "layers: must not be given in an image index"),
      (index([], #", "config": {}"#), "config: must not be given in an image index"),
      (index([], #", "mediaType": "\#(manifestType)""#), "mediaType: expected an image index, found '\(manifestType)'"),
      (Array(#"{"schemaVersion": 2}"#.utf8), "manifests: missing"),
      (Array(#"{"schemaVersion": 2, "manifests": null}"#.utf8), "manifests: missing"),
      (Array(#"{"schemaVersion": 2, "manifests": [], "manifests": []}"#.utf8), "line 1, column 39: the key 'manifests' is given twice"),
      (index([descriptor(manifestType, more: #", "platform": {"os": "linux"}"#)]), "manifests[0].platform.architecture: missing"),
    ] as [([UInt8], String)])
  func indexRefused(_ text: [UInt8], _ message: String) {
    #expect(refusal { () throws(SpecError) in try ImageIndex(parsing: text) } == message)
  }

  @Test("a configuration is taken with everything that says how to run it")
  func configurations() throws {
    let text = imageConfig(
      """
      "variant": "v8", "created": "2024-01-01T00:00:00Z", "author": "A", "history": [{"created_by": "x", "empty_layer": true}],
      "config": {"User": "redis", "Env": ["PATH=/bin"], "Entrypoint": ["/e"], "Cmd": ["a", "b"], "WorkingDir": "/data", "ExposedPorts": {"6379/tcp": {}, "1": {}},
        "Volumes": {"/data": {}}, "Labels": {"z": "1", "a": ""}, "StopSignal": "SIGTERM", "ArgsEscaped": true,
        "Healthcheck": {"Test": ["CMD", "x"], "Interval": 30000000000, "Timeout": 1, "StartPeriod": 2, "StartInterval": 3, "Retries": 4}},
      "rootfs": {"type": "layers", "diff_ids": ["sha256:\(hex)"]}
      """)
    #expect(
      try ImageConfig(parsing: text)
        == ImageConfig(
          platform: Platform(architecture: "arm64", variant: "v8"), created: "2024-01-01T00:00:00Z", author: "A",
          execution: ImageExecution(
            user: "redis", env: ["PATH=/bin"], entrypoint: ["/e"], cmd: ["a", "b"], workingDir: "/data", exposedPorts: ["6379/tcp", "1"], volumes: ["/data"],
            labels: [Annotation(key: "z", value: "1"), Annotation(key: "a", value: "")], stopSignal: "SIGTERM",
            healthcheck: Healthcheck(test: ["CMD", "x"], interval: 30_000_000_000, timeout: 1, startPeriod: 2, startInterval: 3, retries: 4)),
          diffIDs: [try Digest("sha256:\(hex)")]))
  }

  @Test("Docker writes null for what is absent")
  func nulls() throws {
    let nulls = #""Env": null, "Cmd": null, "Entrypoint": null, "Volumes": null, "Labels": null, "Healthcheck": null"#
    let config = try ImageConfig(parsing: imageConfig(#""config": {"User": "", "WorkingDir": "", \#(nulls)}, "rootfs": {"type": "layers", "diff_ids": []}"#))
    #expect(config.execution == ImageExecution())
    #expect(try ImageConfig(parsing: imageConfig(#""config": null, "rootfs": {"type": "layers", "diff_ids": []}"#)).execution == ImageExecution())
  }

  @Test(
    "a configuration is refused with its path",
    arguments: [
      (#"{"architecture": "arm64"}"#, "os: missing"), (#"{"os": "linux"}"#, "architecture: missing"),
      (#"{"os": "linux", "architecture": "arm64"}"#, "rootfs: missing"),
      (#"{"os": "linux", "architecture": "arm64", "rootfs": {"diff_ids": []}}"#, "rootfs.type: missing"),
      (#"{"os": "linux", "architecture": "arm64", "rootfs": {"type": "btrfs", "diff_ids": []}}"#, "rootfs.type: unknown value 'btrfs'"),
      (#"{"os": "linux", "architecture": "arm64", "rootfs": {"type": "layers"}}"#, "rootfs.diff_ids: missing"),
      (#"{"os": "linux", "architecture": "arm64", "rootfs": {"type": "layers", "diff_ids": ["x"]}}"#, "rootfs.diff_ids[0]: \(DigestError.malformed.message)"),
      (#"{"os": "linux", "architecture": "arm64", "config": {"Labels": {"a": 1}}}"#, "config.Labels.a: expected a string, found a number"),
      (#"{"os": "linux", "architecture": "arm64", "config": {"Cmd": "sh"}}"#, "config.Cmd: expected an array, found a string"),
      (
        #"{"os": "linux", "architecture": "arm64", "config": {"Healthcheck": {"Interval": -1}}}"#,
        "config.Healthcheck.Interval: out of range: -1 is not between 0 and 9223372036854775807"
      ),
    ])
  func configurationRefused(_ text: String, _ message: String) {
    #expect(refusal { () throws(SpecError) in try ImageConfig(parsing: Array(text.utf8)) } == message)
  }

  @Test("an image layout of version 1 is taken")
  func layout() throws {
    #expect(try ImageLayout(parsing: Array(#"{"imageLayoutVersion": "1.0.0"}"#.utf8)).version == "1.0.0")
    let refused = refusal { () throws(SpecError) in try ImageLayout(parsing: Array(#"{"imageLayoutVersion": "2.0.0"}"#.utf8)) }
    #expect(refused == "imageLayoutVersion: expected a version 1.x.y")
    #expect(refusal { () throws(SpecError) in try ImageLayout(parsing: Array("{}".utf8)) } == "imageLayoutVersion: missing")
  }
}
