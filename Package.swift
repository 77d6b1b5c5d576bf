// swift-tools-version: 6.2
import PackageDescription

// One package, two ways to build it (docs/design.md, "Two builds of the same sources"):
// - `swift build --swift-sdks-path .build/sdks --swift-sdk apus-aarch64 -c release`: Embedded Swift on musl, static, for the device. The flags are the SDK's.
// - `swift test`: ordinary Swift on the dev box, for the unit tests.

let ordinary: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
/// Device code: what Embedded Swift refuses is refused on the dev box as well.
let device: [SwiftSetting] = ordinary + [.treatWarning("EmbeddedRestrictions", as: .error)]
let strictC: [CSetting] = [.treatAllWarnings(as: .error)]

/// A module of Swift code, named after its directory; `dependencies` may only name modules that stand below it.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: device)
}

/// A module of C code: system calls (CLinux) or the few functions of a library that Swift needs.
func cModule(_ name: String, library: String? = nil) -> Target {
  .target(name: name, cSettings: strictC, linkerSettings: library.map { [.linkedLibrary($0)] } ?? [])
}

/// The unit tests of a module; they run on the dev box only.
func tests(_ module: String, _ more: [Target.Dependency] = []) -> Target {
  .testTarget(name: "\(module)Tests", dependencies: [.init(stringLiteral: module)] + more, swiftSettings: ordinary)
}

/// The program that libFuzzer drives (Tests/Fuzz/run); only there when that asks for it, because it links with no other flags than its own.
let fuzz: [Target] =
  Context.environment["APUS_FUZZ"] == nil
  ? []
  : [
    .executableTarget(
      name: "fuzz", dependencies: ["Linux", "OCI", "Cgroups", "Sandbox", "Runtime"], path: "Tests/Fuzz/Targets", swiftSettings: ordinary)
  ]

let package = Package(
  name: "apus",
  products: [.executable(name: "apus", targets: ["apus"])],
  targets: [
    cModule("CLinux"),
    cModule("CSeccomp", library: "seccomp"),
    cModule("CZlib", library: "z"),
    cModule("CCrypto", library: "mbedcrypto"),
    module("Linux", ["CLinux"]),
    module("JSON"),
    module("OCI", ["JSON"]),
    module("Probe", ["Linux"]),
    module("Cgroups", ["Linux", "OCI"]),
    module("Sandbox", ["Linux", "OCI", "Probe", "CSeccomp"]),
    module("Runtime", ["Linux", "JSON", "OCI", "Probe", "Cgroups", "Sandbox"]),
    module("Images", ["Linux", "JSON", "OCI", "CZlib", "CCrypto"]),
    .executableTarget(
      name: "apus", dependencies: ["Linux", "JSON", "OCI", "Probe", "Cgroups", "Sandbox", "Runtime", "Images"], swiftSettings: device),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: ordinary),
    tests("Linux"),
    tests("JSON"),
    tests("OCI", ["JSON"]),
    tests("Probe"),
    tests("Cgroups", ["OCI"]),
    tests("Sandbox", ["CLinux", "Linux", "OCI", "CSeccomp"]),
    tests("Runtime", ["Linux", "OCI", "Cgroups", "Sandbox", "TestSupport"]),
    tests("Images", ["OCI", "JSON", "Linux", "TestSupport"]),
    tests("apus", ["Linux", "JSON", "OCI", "Runtime", "Sandbox"]),
  ] + fuzz,
  cLanguageStandard: .gnu17
)
