internal import Images
internal import Linux

extension CommandSpec {
  /// `apus image export`: an image of the store as an archive.
  static var imageExport: CommandSpec {
    CommandSpec(
      name: "image export", summary: "write an image as an OCI archive", operands: "NAME FILE|-", completion: .image, needs: "an image and a file",
      operandCount: 2...2,
      description: """
        The archive is an OCI image layout, for apus image import, skopeo, podman and others; - is standard output. The layers are what was imported, uncompressed, bit for bit, \
        and verified on their way; the configuration is the same. Layers that came compressed make it another manifest, to which signatures do not belong. A file \
        gets its name when it is whole.
        """,
      perform: { (call) throws(Failure) in try exportImage(call.arguments.operands[0], call.arguments.operands[1], call.globals) })
  }
}

private func exportImage(_ name: String, _ target: String, _ globals: GlobalOptions) throws(Failure) -> Int32 {
  if target.equals("-") {
    try refuseTerminal(StandardDescriptor.output, "standard output")
    let store = try openStore(globals)
    return try export(name, of: store, to: try opening(target) { () throws(Errno) in try FileDescriptor.duplicateStandardOutput() })
  }
  let store = try openStore(globals)
  let path = Path(target)
  guard let last = path.components.last else { throw Failure("\(target): is a directory") }
  let directory = try opening(target) { () throws(Errno) in
    try FileDescriptor.open(path.parent, .readOnly | .directory)
  }
  let present = try opening(target) { () throws(Errno) in
    do throws(Errno) {
      return try directory.status(of: Path(bytes: last)).type
    } catch {
      if error == .noSuchFileOrDirectory { return .regular }
      throw error
    }
  }
  // A pipe, a device, or a link to either: it is there already.
  if present != .regular {
    let file = try opening(target) { () throws(Errno) in try FileDescriptor.open(path, .writeOnly | .noControllingTerminal) }
    try refuseTerminal(file.rawValue, "\(target):")
    return try export(name, of: store, to: file)
  }
  let new = Path(bytes: Array(".".utf8) + last + Array(".new".utf8))
  try? directory.unlink(new)
  let file = try opening(target) { () throws(Errno) in try directory.open(new, .writeOnly | .create | .exclusive | .noFollow, mode: 0o644) }
  do throws(Failure) {
    _ = try export(name, of: store, to: file)
    try opening(target) { () throws(Errno) in
      try file.synchronize()
      try directory.rename(new, to: directory, Path(bytes: last))
    }
  } catch {
    try? directory.unlink(new)
    throw error
  }
  return 0
}

private func refuseTerminal(_ descriptor: Int32, _ subject: Text) throws(Failure) {
  if Terminal.isTerminal(descriptor) { throw Failure("\(subject) is a terminal; an archive has to go to a file or a pipe") }
}

@inline(never)
private func export(_ name: String, of store: borrowing Store, to file: borrowing FileDescriptor) throws(Failure) -> Int32 {
  do throws(ImageError) {
    try store.exportImage(named: name, to: file)
  } catch {
    throw Failure(error)
  }
  return 0
}

private func opening<Value: ~Copyable>(_ target: String, _ body: () throws(Errno) -> Value) throws(Failure) -> Value {
  do throws(Errno) {
    return try body()
  } catch {
    throw Failure(SystemError("write", Path(target), error))
  }
}
