import JSON
import OCI
import Testing

@testable import apus

@Suite("the document that apus features prints")
struct FeaturesTests {
  private func document() throws -> JSONValue { try JSONValue(parsing: Array(featuresDocument.utf8)) }

  @Test("it has the members of the specification, and the versions that config.json may have")
  func members() throws {
    let names = try document().members().map(\.key)
    #expect(names == ["ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations", "potentiallyUnsafeConfigAnnotations"])
    let linux = try #require(try document().member("linux")).members().map(\.key)
    #expect(
      linux == [
        "namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "memoryPolicy", "mountExtensions", "netDevices",
      ])
    for key: Literal in ["ociVersionMin", "ociVersionMax"] {
      let version = try #require(try document().member(key)).string()
      #expect(throws: Never.self) { try Spec(parsing: Array(#"{"ociVersion":"\#(version)","root":{"path":"r"}}"#.utf8)) }
    }
  }

  @Test("every hook is known by its name")
  func hooks() throws {
    let names = try #require(try document().member("hooks")).elements().map { $0.string() }
    #expect(names.count == 6)
    for name in names {
      let text = #"{"ociVersion":"1.3.0","root":{"path":"r"},"hooks":{"\#(name)":[{"path":"/h"}]}}"#
      #expect(try Spec(parsing: Array(text.utf8)).hooks?.isEmpty == false, "\(name)")
    }
  }
}
