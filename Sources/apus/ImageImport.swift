internal import Images
internal import Linux
internal import OCI

extension CommandSpec {
  /// `apus image import`: an image from an OCI layout directory into the store.
  static var imageImport: CommandSpec {
    CommandSpec(
      name: "image import", summary: "take an image from an OCI layout directory into the store", operands: "LAYOUT", completion: .directory,
      needs: "exactly one layout",
      operandCount: 1...1, options: [.imageName],
      description: """
        Of an image for several platforms the one for this device is taken. Every digest is verified before the image becomes visible; an image that had the \
        name before loses it. What a layer has and a container cannot use (device nodes, attributes of the building host) is left out and reported.
        """,
      perform: { (call) throws(Failure) in try ImageImport(call.arguments).perform(call.globals) })
  }
}

private struct ImageImport {
  private let name: String?
  private let layout: Path

  init(_ arguments: ParsedArguments) {
    name = arguments.value(.imageName)
    layout = Path(arguments.operands[0])
  }

  /// Imports the image and says what was imported.
  func perform(_ globals: GlobalOptions) throws(Failure) -> Int32 {
    let store = try openStore(globals)
    // Progress is for people: the result alone is for programs.
    let isWatched = Terminal.isTerminal(StandardDescriptor.error)
    let result = try failing { () throws(ImageError) in
      try store.importLayout(from: layout, name: name, progress: { event in if isWatched { follow(event) } })
    }
    for note in result.notes { warn(note.message) }
    if result.noteCount > UInt64(result.notes.count) {
      warn("\(result.noteCount - UInt64(result.notes.count)) more entries of the layers were left out")
    }
    let layers = result.unpackedLayers + result.sharedLayers
    let shared = result.sharedLayers == 0 ? "" : ", \(result.sharedLayers) of them there already"
    return try show("imported \(result.record.name) \(result.record.manifest.text) (\(layers) \(layers == 1 ? "layer" : "layers")\(shared))\n")
  }

  private func follow(_ event: ImportEvent) {
    switch event {
    case .layer(let number, let count, _, let size): report("layer \(number) of \(count): \(size / 1024) KiB")
    case .shared: report("  is there already")
    case .committing: report("writing to the medium")
    case .progress, .unpacked: break
    }
  }
}
