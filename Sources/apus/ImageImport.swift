internal import Images
internal import Linux
internal import OCI
internal import Trust

extension CommandSpec {
  /// `apus image import`: images from an OCI layout, or an archive with images, into the store.
  static var imageImport: CommandSpec {
    CommandSpec(
      name: "image import", summary: "take images from an OCI layout or an archive into the store", operands: "LAYOUT|ARCHIVE|-", completion: .file,
      needs: "exactly one layout or archive",
      operandCount: 1...1, options: [.imageName, .backend, .verity, .importRelease, .importQuiet, .importJSON],
      description: """
        Takes an OCI image layout, as a directory or an archive, or an archive of `docker save`, which may be compressed by gzip or zstd; - is an archive on standard \
        input. All images in it are taken. Of an image for several platforms the one for this device is taken. Every digest is verified before the image becomes visible; an image that had the \
        name before loses it. What a layer has and a container cannot use (device nodes, attributes of the building host) is left out and reported.

        With --backend erofs all layers become one EROFS file, and none is kept unpacked; that is also what happens where overlayfs does not work on the data \
        directory. --verity has the kernel refuse whatever of that file is not as it was.

        --release accepts the releases among the images when all of these are in the store, as `apus release accept` does.
        """,
      perform: { (call) throws(Failure) in try ImageImport(call.arguments).perform(call.globals) })
  }
}

private struct ImageImport {
  private let name: String?
  private let origin: ImageOrigin
  private let wantsRelease: Bool
  private let progress: ImportProgress
  private let choice: BackendChoice

  init(_ arguments: ParsedArguments) throws(Failure) {
    choice = try BackendChoice(arguments)
    name = arguments.value(.imageName)
    let operand = arguments.operands[0]
    origin = operand.equals("-") ? .standardInput : .path(Path(operand))
    wantsRelease = arguments.flag(.importRelease)
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
      let backend = try choice.backend(globals)
      let root = try wantsRelease ? requiredRoot(globals, store) : nil
      var releases: [VerifiedEnvelope] = []
      _ = try failing { () throws(ImageError) in
        try store.importImages(
          from: origin, name: name, backend: backend, progress: { progress.tell($0) },
          admitReleases: { (envelopes) throws(ImageError) in
            guard let root else { return }
            guard !envelopes.isEmpty else { throw ImageError(.notFound, "there is no release among the images") }
            do throws(Failure) { for envelope in envelopes { releases.append(try VerifiedEnvelope(envelope, root)) } } catch {
              throw ImageError(.invalid, Text(error.message))
            }
          },
          admit: { (image) throws(ImageError) in
            do throws(Failure) { try requireTrust(image, policy) } catch { throw ImageError(.invalid, Text(error.message)) }
          })
      }
      for release in releases {
        try release.accept(in: store)
        progress.accepted(release.verified.release)
      }
      if let failure = progress.failure { throw failure }
      return 0
    } catch {
      progress.end(error.message)
      throw error
    }
  }
}
