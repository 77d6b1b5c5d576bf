internal import Images
internal import JSON
internal import Linux
internal import OCI
internal import Trust

/// Tells of an import while it goes on: a bar on a terminal, plain lines elsewhere, both on standard error; or all of it on standard output as JSON, for programs.
final class ImportProgress {
  private enum Form {
    /// A line that is written anew all the time, of so many columns.
    case bar(columns: Int)
    case lines
    case json
    case quiet
  }

  private let form: Form
  /// Why standard output could not be written to: the first time.
  private(set) var failure: Failure?
  /// What the layer at hand is called, and how large its blob is.
  private var title: Text = ""
  private var size: UInt64 = 0
  /// Of the bar, which is there while this is not nil.
  private var shownPercent: UInt64?

  init(isJSON: Bool, isQuiet: Bool) {
    var form = isQuiet ? Form.quiet : .lines
    if isJSON {
      form = .json
    } else if !isQuiet, Terminal.isTerminal(StandardDescriptor.error) {
      let size = try? Terminal.windowSize(StandardDescriptor.error)
      // A serial line does not tell.
      form = .bar(columns: size.map { $0.columns == 0 ? 80 : Int($0.columns) } ?? 80)
    }
    self.form = form
  }

  func tell(_ event: ImportEvent) {
    switch event {
    case .leftOut(let sentence): warning(Text("left out: \(sentence)"))
    case .staged(let bytes): staged(bytes)
    case .layer(let number, let count, let digest, let size):
      title = "layer \(number) of \(count)"
      self.size = size
      print("layer") { object in
        object.member("number", number)
        object.member("count", count)
        object.member("digest", digest.text)
        object.member("size", size)
      }
      if case .lines = form { report(Text("\(title): \(inUnits(size))").string) }
    case .progress(let bytes):
      print("progress") { $0.member("bytes", bytes) }
      draw(bytes)
    case .unpacked: finish("\(title): \(inUnits(size))", "unpacked")
    case .shared: finish("\(title): is there already", "shared")
    case .committing: finish("writing to the medium", "committing")
    case .imported(let result): imported(result)
    }
  }

  /// The import is over; `error` is why, when it should not be.
  func end(_ error: String) {
    clear()
    print("error") { $0.member("message", error) }
  }

  private func imported(_ result: ImportResult) {
    for note in result.notes { warning(Text(note.message)) }
    if result.noteCount > UInt64(result.notes.count) {
      warning("\(result.noteCount - UInt64(result.notes.count)) more entries of the layers were left out")
    }
    let layers = result.unpackedLayers + result.sharedLayers
    print("imported") { object in
      object.member("name", result.record.name)
      object.member("manifest", result.record.manifest.text)
      object.member("layers", layers)
      object.member("shared", result.sharedLayers)
    }
    if case .json = form { return }
    let shared = result.sharedLayers == 0 ? "" : ", \(result.sharedLayers) of them there already"
    write(Text("imported \(result.record.name) \(result.record.manifest.text) (\(layers) \(layers == 1 ? "layer" : "layers")\(shared))\n").string)
  }

  /// A release that came with the images has been accepted.
  func accepted(_ release: Release) {
    print("accepted") { object in
      object.member("application", release.application)
      object.member("version", release.version)
    }
    if case .json = form { return }
    write(VerifiedEnvelope.sentence(release))
  }

  private func warning(_ message: Text) {
    clear()
    if case .json = form { print("warning") { $0.member("message", message.string) } } else { warn(message.string) }
  }

  private func staged(_ bytes: UInt64) {
    print("staged") { $0.member("bytes", bytes) }
    guard case .bar = form else { return }
    redraw("reading the archive: \(inUnits(bytes))")
  }

  /// What stays of a layer, or of another step, when it is done; plain lines have told of a layer when it began.
  private func finish(_ line: Text, _ event: String) {
    print(event) { _ in }
    clear()
    switch form {
    case .bar: report(line.string)
    case .lines: if !event.equals("unpacked") { report(line.string) }
    case .json, .quiet: break
    }
  }

  // MARK: the bar

  private func draw(_ bytes: UInt64) {
    guard case .bar(let columns) = form else { return }
    let percent = size == 0 ? 100 : min(bytes, size) * 100 / size
    if shownPercent == percent { return }
    shownPercent = percent
    let head: Text = "\(title): \(inUnits(size))"
    let width = min(columns - head.string.utf8.count - 16, 40)
    if width < 8 { return redraw("\(title): \(percent) %") }
    let done = width * Int(percent) / 100
    let bar = [UInt8](repeating: 0x3D, count: done) + [done < width ? 0x3E : 0x3D] + [UInt8](repeating: 0x20, count: width - done)
    redraw("\(head) [\(String(decoding: bar, as: UTF8.self))] \(percent) %")
  }

  /// Writes the line anew. CR and "erase to the end of the line" (ECMA-48, EL) are all that it asks of a terminal.
  private func redraw(_ line: Text) {
    shownPercent = shownPercent ?? 0
    try? writeAll(Array(Text("\rapus: \(line)\u{1B}[K").string.utf8), to: StandardDescriptor.error)
  }

  private func clear() {
    guard shownPercent != nil else { return }
    shownPercent = nil
    try? writeAll(Array("\r\u{1B}[K".utf8), to: StandardDescriptor.error)
  }

  // MARK: output

  /// One event for programs.
  private func print(_ event: String, _ members: (inout JSONWriter) -> Void) {
    guard case .json = form else { return }
    var writer = JSONWriter(.compact)
    writer.object { object in
      object.member("event", event)
      members(&object)
    }
    write(string((writer.bytes() + [0x0A])[...]))
  }

  private func write(_ text: String) {
    if failure != nil { return }
    do throws(Failure) { try show(text) } catch { failure = error }
  }
}

/// A number of bytes for people, in KiB or MiB.
private func inUnits(_ bytes: UInt64) -> Text {
  if bytes < 10 << 20 { return "\(bytes / 1024) KiB" }
  return "\(bytes >> 20) MiB"
}
