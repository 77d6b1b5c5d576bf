internal import Images
internal import Linux
internal import Runtime

extension CommandSpec {
  /// `apus image prune`.
  static var imagePrune: CommandSpec {
    CommandSpec(
      name: "image prune", summary: "remove what killed processes left; with --all, unused images too", options: [.pruneAll],
      description: """
        Prints the name of each image that is removed. What killed processes left of imports, removals and containers is removed by any command that opens the store; \
        this one does nothing else, but for complete layers of an import that was killed: these wait for the next import until an image is imported or removed, or for this.
        """,
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        let state = try stateDirectory(call)
        try failing { () throws(ImageError) in
          try store.removeAbandonedLayers { state.endLeftover($0) }
          try store.removeUnfinished()
        }
        guard call.arguments.flag(.pruneAll) else { return 0 }
        for name in try failing({ () throws(ImageError) in try store.unusedImages() }) {
          do throws(ImageError) {
            try store.removeImage(named: name)
          } catch {
            // Somebody else has removed it meanwhile.
            if error.kind == .notFound { continue }
            throw Failure(error)
          }
          try show(Text("removed \(name)\n").string)
        }
        return 0
      })
  }
}
