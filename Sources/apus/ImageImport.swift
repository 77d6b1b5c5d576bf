internal import Images
internal import Linux
internal import OCI

extension CommandSpec {
  /// `apus image import`: images from an OCI layout, or an archive with images, into the store.
  static var imageImport: CommandSpec {
    CommandSpec(
      name: "image import", summary: "take images from an OCI layout or an archive into the store", operands: "LAYOUT|ARCHIVE|-", completion: .file,
      needs: "exactly one layout or archive",
      operandCount: 1...1, options: [.imageName, .importQuiet, .importJSON],
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
  private let progress: ImportProgress

  init(_ arguments: ParsedArguments) {
    name = arguments.value(.imageName)
    let operand = arguments.operands[0]
    origin = operand.equals("-") ? .standardInput : .path(Path(operand))
    progress = ImportProgress(isJSON: arguments.flag(.importJSON), isQuiet: arguments.flag(.importQuiet))
  }

  /// Imports the images and says which were imported.
  func perform(_ globals: GlobalOptions) throws(Failure) -> Int32 {
    if case .standardInput = origin, Terminal.isTerminal(StandardDescriptor.input) {
      throw Failure("standard input is a terminal; an archive has to come from a file or a pipe")
    }
    do throws(Failure) {
      let policy = try trustPolicy(globals)
      let store = try openStore(globals)
      _ = try failing { () throws(ImageError) in
        try store.importImages(
          from: origin, name: name, progress: { progress.tell($0) },
          admit: { (image) throws(ImageError) in
            do throws(Failure) { try requireTrust(image, policy) } catch { throw ImageError(.invalid, Text(error.message)) }
          })
      }
      if let failure = progress.failure { throw failure }
      return 0
    } catch {
      progress.end(error.message)
      throw error
    }
  }
}
