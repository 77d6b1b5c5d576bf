import OCI
import Testing

/// An index whose entries are numbered by their sizes; `os/architecture/variant`, or nothing for an entry without a platform.
private func index(_ platforms: [String?], type: MediaType = .manifest) throws -> ImageIndex {
  let digest = try Digest("sha256:e692418e4cbaf90ca69d05a66403747baa33ee08806650b51fab815ad7fc331f")
  var manifests: [Descriptor] = []
  for (size, text) in platforms.enumerated() {
    let parts = text?.split(separator: "/").map(String.init)
    let platform = parts.map { Platform(os: $0[0], architecture: $0[1], variant: $0.count > 2 ? $0[2] : nil) }
    manifests.append(Descriptor(mediaType: type.name, digest: digest, size: UInt64(size), platform: platform))
  }
  return ImageIndex(manifests: manifests)
}

private let armv7 = Platform(architecture: "arm", variant: "v7")
private let arm64 = Platform(architecture: "arm64", variant: "v8")
private let amd64 = Platform(architecture: "amd64")

@Suite("the entry of an index for a machine")
struct PlatformTests {
  @Test(
    "the best variant that runs wins, and the first entry within it",
    arguments: [
      (armv7, ["linux/arm/v6", "linux/arm/v7", "linux/arm/v8", "linux/arm"], 1),
      (armv7, ["linux/arm/v8", "linux/arm/v5", "linux/arm/v6"], 2),
      (armv7, ["linux/arm64/v8", "linux/arm"], 1),
      (Platform(architecture: "arm", variant: "v6"), ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"], 1),
      (Platform(architecture: "arm", variant: "v8"), ["linux/arm/v7", "linux/arm/v6"], 0),
      (arm64, ["linux/amd64", "linux/arm64"], 1),
      (arm64, ["linux/arm64/v8.1", "linux/arm64/v8"], 1),
      (Platform(architecture: "arm64"), ["linux/arm/v7", "linux/arm64/v8"], 1),
      (Platform(architecture: "arm64", variant: "v8.2"), ["linux/arm64", "linux/arm64/v8.1", "linux/arm64/v8.3"], 1),
      (amd64, ["linux/amd64/v3", "linux/amd64"], 1),
      (Platform(architecture: "amd64", variant: "v3"), ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], 1),
      (amd64, ["windows/amd64", "linux/amd64", "linux/amd64"], 1),
      (amd64, ["unknown/unknown", "linux/amd64"], 1),
    ] as [(Platform, [String], UInt64)])
  func chosen(_ device: Platform, _ platforms: [String], _ expected: UInt64) throws {
    #expect(try index(platforms).select(for: device).size == expected)
  }

  @Test("an entry without a platform is taken only when none fits")
  func withoutPlatform() throws {
    #expect(try index([nil, "linux/amd64"]).select(for: amd64).size == 1)
    #expect(try index(["linux/386", nil]).select(for: amd64).size == 1)
  }

  @Test("a nested index is chosen like an image")
  func nested() throws {
    #expect(try index(["linux/amd64"], type: .index).select(for: amd64).role == .index)
    #expect(try index([nil], type: .index).select(for: amd64).role == .index)
  }

  @Test("layers, artifacts and attestations are never chosen")
  func notImages() throws {
    #expect(throws: PlatformError(device: amd64, available: [])) { try index([nil], type: .layerTar).select(for: amd64) }
    #expect(throws: PlatformError(device: amd64, available: [])) { try index(["unknown/unknown"]).select(for: amd64) }
    let image = try index(["linux/amd64"]).manifests[0]
    let artifact = Descriptor(mediaType: image.mediaType, digest: image.digest, size: image.size, platform: image.platform, artifactType: "application/x")
    #expect(throws: PlatformError(device: amd64, available: [])) { try ImageIndex(manifests: [artifact]).select(for: amd64) }
  }

  @Test(
    "nothing that runs: the message says what there is",
    arguments: [
      (arm64, ["linux/amd64"], "image is for amd64, this device is arm64/v8"),
      (arm64, ["linux/amd64", "linux/arm/v7", "linux/amd64", "unknown/unknown"], "image is for amd64 and arm/v7, this device is arm64/v8"),
      (amd64, ["linux/arm64", "windows/amd64", "linux/riscv64"], "image is for arm64, windows/amd64 and riscv64, this device is amd64"),
      (armv7, ["linux/arm/v8"], "image is for arm/v8, this device is arm/v7"),
      (amd64, [], "there is no image for any platform, this device is amd64"),
    ] as [(Platform, [String], String)])
  func nothing(_ device: Platform, _ platforms: [String], _ message: String) throws {
    let index = try index(platforms)
    do throws(PlatformError) {
      _ = try index.select(for: device)
      Issue.record("an entry was chosen")
    } catch {
      #expect(error.message == message)
    }
  }

  @Test("of very many platforms the message names the first sixteen")
  func manyPlatforms() {
    let error = PlatformError(device: amd64, available: (0..<3000).map { Platform(architecture: "a\($0 / 2)") })
    let names = (0..<16).map { "a\($0)" }.joined(separator: ", ")
    #expect(error.message == "image is for \(names) and others, this device is amd64")
  }

  @Test("the image's own configuration is asked the same question")
  func canRun() {
    #expect(armv7.canRun(Platform(architecture: "arm", variant: "v6")))
    #expect(!armv7.canRun(Platform(architecture: "arm", variant: "v8")))
    #expect(arm64.canRun(Platform(architecture: "arm64")))
    #expect(!arm64.canRun(armv7))
    #expect(!arm64.canRun(Platform(os: "windows", architecture: "arm64")))
    #expect(Platform(architecture: "riscv64", variant: "rva22u64").canRun(Platform(architecture: "riscv64")))
  }

  @Test("a strange variant is only itself", arguments: ["v", "v7.", "v7.1.1", "vx", "7", "v999999999999999999999"])
  func strange(_ variant: String) {
    let device = Platform(architecture: "arm", variant: variant)
    #expect(device.canRun(device))
    #expect(!device.canRun(Platform(architecture: "arm", variant: "v5")))
  }
}
