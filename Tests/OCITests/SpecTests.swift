import OCI
import Testing

@Suite("config.json: the document and its root")
struct SpecTests {
  @Test("the smallest document is taken, and what is absent is nil or empty")
  func smallest() throws {
    let spec = try specification(configuration())
    #expect(spec == Spec(ociVersion: "1.2.0", root: Root(path: "rootfs")))
    #expect(spec.process == nil && spec.linux == nil && spec.mounts.isEmpty && spec.annotations.isEmpty)
  }

  @Test("null is absent, and so is an empty optional string")
  func null() throws {
    let members = #""hostname": "", "domainname": null, "mounts": null, "hooks": null, "linux": null, "annotations": null, "process": null"#
    #expect(try specification(configuration(members)) == specification(configuration()))
  }

  @Test("unknown properties are ignored, wherever they are")
  func unknownProperties() throws {
    let members = #""x": [1], "windows": {"layerFolders": 1}, "linux": {"x": {"y": null}}, "mounts": [{"destination": "/a", "x": 1}]"#
    #expect(try specification(configuration(members)).mounts == [Mount(destination: "/a")])
  }

  @Test(
    "the document is refused with its path",
    arguments: [
      ("[]", "expected an object, found an array"),
      ("{}", "ociVersion: missing"),
      (#"{"ociVersion": 1}"#, "ociVersion: expected a string, found a number"),
      (#"{"ociVersion": "0.2.0"}"#, "ociVersion: expected a version 1.x.y"),
      (#"{"ociVersion": "2.0.0"}"#, "ociVersion: expected a version 1.x.y"),
      (#"{"ociVersion": "1.0"}"#, "ociVersion: expected a version 1.x.y"),
      (#"{"ociVersion": "1.0."}"#, "ociVersion: expected a version 1.x.y"),
      (#"{"ociVersion": "1.0.0-"}"#, "ociVersion: expected a version 1.x.y"),
      (#"{"ociVersion": "10.0.0"}"#, "ociVersion: expected a version 1.x.y"),
      (#"{"ociVersion": "1.0.2-dev"}"#, "root: missing"),
      (#"{"ociVersion": "1.0.0", "root": {}}"#, "root.path: missing"),
      (#"{"ociVersion": "1.0.0", "root": {"path": ""}}"#, "root.path: must not be empty"),
      (#"{"ociVersion": "1.0.0", "root": {"path": "a\u0000b"}}"#, "root.path: must not contain a NUL character"),
      (#"{"ociVersion": "1.0.0", "root": {"path": "a", "readonly": "yes"}}"#, "root.readonly: expected a boolean, found a string"),
      ("{\n\"ociVersion\": \"1.0.0\",\n}", "line 3, column 1: expected a key in quotation marks"),
    ])
  func document(_ text: String, _ message: String) {
    #expect(refusal(Array(text.utf8)) == message)
  }

  @Test("mounts keep their order and their options")
  func mounts() throws {
    let spec = try specification(
      configuration(
        """
        "mounts": [
          {"destination": "/proc", "type": "proc", "source": "proc"},
          {"destination": "data", "source": "/d", "options": ["rbind", "ro"]},
          {"destination": "/i", "options": ["idmap"], "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}],
           "gidMappings": [{"containerID": 0, "hostID": 4294967295, "size": 1}]}
        ]
        """))
    #expect(
      spec.mounts == [
        Mount(destination: "/proc", type: "proc", source: "proc"), Mount(destination: "data", source: "/d", options: ["rbind", "ro"]),
        Mount(
          destination: "/i", options: ["idmap"], uidMappings: [IDMapping(containerID: 0, hostID: 1000, size: 1)],
          gidMappings: [IDMapping(containerID: 0, hostID: UInt32.max, size: 1)]),
      ])
  }

  @Test(
    "mounts, hooks and annotations are refused with their path",
    arguments: [
      (#""mounts": {}"#, "mounts: expected an array, found an object"),
      (#""mounts": [{"destination": "/a"}, {"source": "x"}]"#, "mounts[1].destination: missing"),
      (#""mounts": [{"destination": ""}]"#, "mounts[0].destination: must not be empty"),
      (#""mounts": [{"destination": "/a", "options": ["ro", null]}]"#, "mounts[0].options[1]: expected a string, found null"),
      (
        #""mounts": [{"destination": "/a", "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}]"#,
        "mounts[0]: uidMappings and gidMappings must be given together"
      ),
      (
        #""mounts": [{"destination": "/a", "uidMappings": [{"containerID": 0, "hostID": 0, "size": 0}]}]"#,
        "mounts[0].uidMappings[0].size: out of range: 0 is not between 1 and 4294967295"
      ),
      (
        #""mounts": [{"destination": "/a", "uidMappings": [{"containerID": 4294967295, "hostID": 0, "size": 2}]}]"#,
        "mounts[0].uidMappings[0]: the range goes beyond 4294967295"
      ),
      (#""hooks": {"poststart": [{"path": "bin/x"}]}"#, "hooks.poststart[0].path: must be an absolute path"),
      (#""hooks": {"poststart": [{}]}"#, "hooks.poststart[0].path: missing"),
      (
        #""hooks": {"createRuntime": [{"path": "/x", "timeout": 0}]}"#,
        "hooks.createRuntime[0].timeout: out of range: 0 is not between 1 and 9223372036854775807"
      ),
      (#""annotations": {"a.b": 1}"#, #"annotations["a.b"]: expected a string, found a number"#),
      (#""annotations": {"a": null}"#, "annotations.a: expected a string, found null"),
      (#""annotations": {"": "x"}"#, "annotations: must not have an empty key"),
      (#""annotations": ["a"]"#, "annotations: expected an object, found an array"),
    ])
  func members(_ members: String, _ message: String) {
    #expect(refusal(configuration(members)) == message)
  }

  @Test("each hook is in its list")
  func hooks() throws {
    let points = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
    let members = points.map { "\"\($0)\": [{\"path\": \"/\($0)\", \"args\": [\"a\", \"b\"], \"env\": [\"K=V\"], \"timeout\": 5}]" }
    let hooks = try #require(try specification(configuration("\"hooks\": {\(members.joined(separator: ","))}")).hooks)
    let hook = { (path: String) in [Hook(path: "/\(path)", args: ["a", "b"], env: ["K=V"], timeout: 5)] }
    #expect(
      hooks
        == Hooks(
          prestart: hook("prestart"), createRuntime: hook("createRuntime"), createContainer: hook("createContainer"), startContainer: hook("startContainer"),
          poststart: hook("poststart"), poststop: hook("poststop")))
  }

  @Test("a hook without an environment is told from one with an empty environment")
  func hookEnvironment() throws {
    let hooks = try #require(try specification(configuration(#""hooks": {"prestart": [{"path": "/a"}, {"path": "/a", "env": []}]}"#)).hooks)
    #expect(hooks.prestart == [Hook(path: "/a", env: nil), Hook(path: "/a", env: [])])
  }

  @Test("annotations keep their order and may be empty strings")
  func annotations() throws {
    let spec = try specification(configuration(#""annotations": {"z": "1", "a": ""}"#))
    #expect(spec.annotations == [Annotation(key: "z", value: "1"), Annotation(key: "a", value: "")])
  }
}
