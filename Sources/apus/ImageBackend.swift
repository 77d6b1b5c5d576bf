internal import Images
internal import Linux
internal import Probe

/// What `apus image import` was told about how to keep images.
struct BackendChoice {
  private enum Word { case automatic, overlay, erofs }
  private var word = Word.automatic
  private let verity: Bool

  init(_ arguments: ParsedArguments) throws(Failure) {
    verity = arguments.flag(.verity)
    guard let given = arguments.value(.backend) else { return }
    if given.equals("overlay") {
      if verity { throw .usage("option --verity: seals an EROFS file, which --backend overlay does not make") }
      word = .overlay
    } else if given.equals("erofs") {
      word = .erofs
    } else if !given.equals("auto") {
      throw .usage("option --backend: \(given) is none of auto, overlay and erofs")
    }
  }

  /// What that comes to on this machine; nothing has been made yet.
  func backend(_ globals: GlobalOptions) throws(Failure) -> ImageBackend {
    if word == .overlay { return .layers }
    let probing = Probing(Surroundings(dataDirectory: globals.dataRoot, controllers: [], hasHierarchy: false, unified: nil, isOnFirstRoot: false))
    if verity {
      let outcome = probing.outcome(Feature.verity.row)
      if outcome.state != .present {
        throw Failure("option --verity: \(globals.dataRoot) cannot have sealed files: \(outcome.text) (CONFIG_\(Feature.verity.option); mkfs.ext4 -O verity)")
      }
      return .erofs(verity: true)
    }
    if word == .erofs { return .erofs(verity: false) }
    let outcome = probing.outcome(Feature.dataOverlay.row)
    // What could not be tried is not known to fail: without the rights for a mount nothing would run anyway.
    // Nor does a medium that is full tell anything of overlayfs.
    if outcome.state != .absent || outcome.errno == .noSpace { return .layers }
    if probing.outcome(Feature.erofs.row).state != .present {
      warn("neither overlayfs (\(outcome.text)) nor EROFS works here: the image cannot be run")
      return .layers
    }
    warn("overlayfs does not work here (\(outcome.text)): the image is kept as an EROFS file")
    return .erofs(verity: false)
  }
}
