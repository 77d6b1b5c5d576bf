internal import Linux
internal import OCI
internal import Supervisor

extension CommandSpec {
  /// `apus app validate`: whether a manifest can be taken.
  static var appValidate: CommandSpec {
    CommandSpec(
      name: "app validate", summary: "tell whether the manifest of an application can be taken", operands: "FILE|-", completion: .file,
      needs: "exactly one file", operandCount: 1...1,
      description: """
        A manifest is a Compose file written as JSON. Nothing is looked for on the machine: neither images nor devices, nor what its kernel has. The first \
        fault is told with its path.
        """,
      perform: { (call) throws(Failure) in
        let (text, name) = try document(call.arguments.operands[0])
        let manifest = try parsed(Path(name)) { () throws(SpecError) in try Manifest(parsing: text) }
        let count = manifest.services.count
        let services: Literal = count == 1 ? "service" : "services"
        return try show(Text("\(name): application \(manifest.name), \(count) \(services)\n").string)
      })
  }
}
