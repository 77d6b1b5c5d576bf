internal import Images
internal import Linux
internal import OCI

/// `apus image import`: an image from an OCI layout directory into the store.
struct ImageImportVerb {
  static var help: String {
    """
    apus image import: takes an image from an OCI layout directory into the store.

    Usage: apus image import [--name NAME] LAYOUT

    Of an image for several platforms the one for this device is taken. Every digest is verified before the image
    becomes visible; an image that had the name before loses it. What a layer has and a container cannot use (device
    nodes, attributes of the building host) is left out and reported.

    Options:
      --name NAME  the name in the store (default: the one in the layout, else the directory's)

    """
  }

  private var name: String?
  private let layout: Path

  init(_ words: inout ArgumentList) throws(Failure) {
    var operands: [String] = []
    while let argument = words.nextArgument() {
      switch argument {
      case .operand(let word): operands.append(word)
      case .option(let option, let value):
        if option.equals("--name") {
          name = try words.value(of: option, value)
        } else {
          throw .usage("image import: unknown option \(option); see `apus help image import`")
        }
      }
    }
    guard let first = operands.first, operands.count == 1 else { throw .usage("image import: needs exactly one layout; see `apus help image import`") }
    layout = Path(first)
  }

  /// Imports the image and says what was imported.
  func perform(_ globals: GlobalOptions) throws(Failure) -> Int32 {
    let store = try openStore(globals)
    // Progress is for people: the result alone is for programs.
    let isWatched = Terminal.isTerminal(StandardDescriptor.error)
    let result = try failing { () throws(ImageError) in
      try store.importLayout(from: layout, name: name, progress: { event in if isWatched { follow(event) } })
    }
    for note in result.notes { report("warning: \(note.message)") }
    if result.noteCount > UInt64(result.notes.count) {
      report("warning: \(result.noteCount - UInt64(result.notes.count)) more entries of the layers were left out")
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
