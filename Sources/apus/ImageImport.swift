internal import Images
internal import Linux
internal import OCI

extension CommandSpec {
  /// `apus image import`: images from an OCI layout, or an archive with images, into the store.
  static var imageImport: CommandSpec {
    CommandSpec(
      name: "image import", summary: "take images from an OCI layout or an archive into the store", operands: "LAYOUT|ARCHIVE|-", completion: .file,
      needs: "exactly one layout or archive",
      operandCount: 1...1, options: [.imageName],
      description: """
        Takes an OCI image layout, as a directory or an archive, or an archive of `docker save`, which may be compressed by gzip or zstd; - is an archive on standard \
        input. All images in it are taken. Of an image for several platforms the one for this device is taken. Every digest is verified before the image becomes visible; an image that had the \
        name before loses it. What a layer has and a container cannot use (device nodes, attributes of the building host) is left out and reported.
        """,
      perform: { (call) throws(Failure) in try ImageImport(call.arguments).perform(call.globals) })
  }
}

private struct ImageImport {
  private let name: String?
  private let origin: ImageOrigin

  init(_ arguments: ParsedArguments) {
    name = arguments.value(.imageName)
    let operand = arguments.operands[0]
    origin = operand.equals("-") ? .standardInput : .path(Path(operand))
  }

  /// Imports the images and says which were imported.
  func perform(_ globals: GlobalOptions) throws(Failure) -> Int32 {
    if case .standardInput = origin, Terminal.isTerminal(StandardDescriptor.input) {
      throw Failure("standard input is a terminal; an archive has to come from a file or a pipe")
    }
    let policy = try trustPolicy(globals)
    let store = try openStore(globals)
    // Progress is for people: the result alone is for programs.
    let isWatched = Terminal.isTerminal(StandardDescriptor.error)
    var failure: Failure?
    _ = try failing { () throws(ImageError) in
      try store.importImages(
        from: origin, name: name,
        progress: { event in
          switch event {
          case .leftOut(let sentence): warn("left out: \(sentence)")
          case .imported(let result): do throws(Failure) { try tell(result) } catch { failure = error }
          default: if isWatched { follow(event) }
          }
        },
        admit: { (image) throws(ImageError) in
          do throws(Failure) { try requireTrust(image, policy) } catch { throw ImageError(.invalid, Text(error.message)) }
        })
    }
    if let failure { throw failure }
    return 0
  }

  private func tell(_ result: ImportResult) throws(Failure) {
    for note in result.notes { warn(note.message) }
    if result.noteCount > UInt64(result.notes.count) {
      warn("\(result.noteCount - UInt64(result.notes.count)) more entries of the layers were left out")
    }
    let layers = result.unpackedLayers + result.sharedLayers
    let shared = result.sharedLayers == 0 ? "" : ", \(result.sharedLayers) of them there already"
    try show("imported \(result.record.name) \(result.record.manifest.text) (\(layers) \(layers == 1 ? "layer" : "layers")\(shared))\n")
  }

  private func follow(_ event: ImportEvent) {
    switch event {
    case .layer(let number, let count, _, let size): report("layer \(number) of \(count): \(size / 1024) KiB")
    case .shared: report("  is there already")
    case .committing: report("writing to the medium")
    case .progress, .unpacked, .leftOut, .imported: break
    }
  }
}
