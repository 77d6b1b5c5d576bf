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

/// Whether Tests/Fuzz/run builds: then there is the program that libFuzzer drives, which links with no other flags than its own, and apus is a module of it.
let isFuzzed = Context.environment["APUS_FUZZ"] != nil

let fuzz: [Target] = [
  .executableTarget(
    name: "fuzz",
    dependencies: [
      "Linux", "JSON", "OCI", "Cgroups", "Sandbox", "Runtime", "Trust", "Images", "Supervisor", "Control", "CSeccomp", "apus", "Oracles", "TestSupport",
    ],
    path: "Tests/Fuzz/Targets", swiftSettings: ordinary)
]

/// The program itself.
func program(_ dependencies: [Target.Dependency]) -> Target {
  isFuzzed
    ? .target(name: "apus", dependencies: dependencies, swiftSettings: device)
    : .executableTarget(name: "apus", dependencies: dependencies, swiftSettings: device)
}

let package = Package(
  name: "apus",
  products: isFuzzed ? [] : [.executable(name: "apus", targets: ["apus"])],
  targets: [
    cModule("CLinux"),
    cModule("CSeccomp", library: "seccomp"),
    cModule("CZlib", library: "z"),
    cModule("CZstd", library: "zstd"),
    cModule("CCrypto", library: "mbedcrypto"),
    module("Wording"),
    module("Linux", ["CLinux", "Wording"]),
    module("JSON", ["Wording"]),
    module("OCI", ["JSON", "Wording"]),
    module("Probe", ["Linux"]),
    module("Cgroups", ["Linux", "OCI", "Probe"]),
    module("Sandbox", ["Linux", "OCI", "Probe", "CSeccomp"]),
    module("Runtime", ["Linux", "JSON", "OCI", "Probe", "Cgroups", "Sandbox"]),
    module("Trust", ["Wording", "JSON", "OCI", "CCrypto"]),
    module("Images", ["Linux", "JSON", "OCI", "Trust", "CZlib", "CZstd"]),
    module("Supervisor", ["Wording", "Linux", "JSON", "OCI"]),
    module("Control", ["Wording", "Linux", "JSON", "OCI", "Supervisor"]),
    program(["Wording", "Linux", "JSON", "OCI", "Probe", "Cgroups", "Sandbox", "Runtime", "Trust", "Images", "Supervisor"]),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: ordinary),
    .target(name: "Oracles", dependencies: ["Linux", "OCI"], path: "Tests/Oracles", swiftSettings: ordinary),
    tests("Wording"),
    tests("Linux"),
    tests("JSON"),
    tests("OCI", ["JSON"]),
    tests("Probe", ["Linux"]),
    tests("Cgroups", ["OCI", "Probe", "Oracles"]),
    tests("Sandbox", ["CLinux", "Linux", "OCI", "Probe", "CSeccomp", "Oracles"]),
    tests("Runtime", ["Linux", "OCI", "Cgroups", "Sandbox", "TestSupport"]),
    tests("Trust", ["OCI"]),
    tests("Supervisor", ["JSON", "OCI", "Linux", "Wording"]),
    tests("Control", ["JSON", "OCI", "Linux", "Supervisor", "Wording"]),
    tests("Images", ["OCI", "JSON", "Linux", "Trust", "TestSupport"]),
  ] + (isFuzzed ? fuzz : [tests("apus", ["Wording", "Linux", "JSON", "OCI", "Runtime", "Sandbox", "Supervisor"])]),
  cLanguageStandard: .gnu17
)
