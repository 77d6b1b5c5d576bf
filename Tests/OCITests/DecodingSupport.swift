import OCI

/// The message that a document is refused with; nil when it is taken.
func refusal<Value>(_ body: () throws(SpecError) -> Value) -> String? {
  do throws(SpecError) {
    _ = try body()
    return nil
  } catch {
    return error.message
  }
}

/// A small config.json: `members` beside the version and the root.
func configuration(_ members: String = "") -> [UInt8] {
  Array("{\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"rootfs\"}\(members.isEmpty ? "" : ", \(members)")}".utf8)
}

/// The same with `members` inside `process`, which has what it must have.
func configuration(process members: String) -> [UInt8] { configuration("\"process\": {\"cwd\": \"/\", \"args\": [\"sh\"], \(members)}") }

/// The same with `members` inside `linux`.
func configuration(linux members: String) -> [UInt8] { configuration("\"linux\": {\(members)}") }

/// The same with `members` inside `linux.resources`.
func configuration(resources members: String) -> [UInt8] { configuration(linux: "\"resources\": {\(members)}") }

/// The same with `members` inside `linux.seccomp`.
func configuration(seccomp members: String) -> [UInt8] { configuration(linux: "\"seccomp\": {\(members)}") }

func refusal(_ text: [UInt8]) -> String? { refusal { () throws(SpecError) in try Spec(parsing: text) } }

func specification(_ text: [UInt8]) throws -> Spec { try Spec(parsing: text) }
