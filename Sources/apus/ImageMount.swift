internal import Images
internal import Linux

extension CommandSpec {
  /// `apus image mount`.
  static var imageMount: CommandSpec {
    CommandSpec(
      name: "image mount", summary: "mount an image to look at it, or list what is mounted", operands: "[NAME [DIRECTORY]]", completion: .image,
      operandCount: 0...2,
      description: """
        Prints the place, which is in the store unless a DIRECTORY is given. What is there is the image's root as a container sees it, read-only, without devices \
        and set-user-id. The image stays in the store until `apus image unmount`, or the next boot. Without NAME, a line for each image that is mounted.
        """,
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        let operands = call.arguments.operands
        if operands.isEmpty {
          for mount in try failing({ () throws(ImageError) in try store.mounts() }) { try show(Text("\(mount.image)\t\(mount.path)\n").string) }
          return 0
        }
        let image = try trustedImage(operands[0], in: store, call.globals)
        let place = try failing { () throws(ImageError) in try store.mountImage(image, on: operands.count > 1 ? Path(operands[1]) : nil) }
        try show(Text("\(place)\n").string)
        return 0
      })
  }

  /// `apus image unmount`.
  static var imageUnmount: CommandSpec {
    CommandSpec(
      name: "image unmount", summary: "unmount an image, wherever it is mounted", operands: "NAME|--all", completion: .image,
      operandCount: 0...1, options: [.unmountAll],
      description: "Prints the name of each image that was mounted. A mount that somebody uses stays.",
      perform: { (call) throws(Failure) in
        let name = call.arguments.operands.first
        if call.arguments.flag(.unmountAll) != (name == nil) { throw .usage("image unmount: needs either an image or --all") }
        let store = try openStore(call.globals)
        for image in try failing({ () throws(ImageError) in try store.unmountImages(named: name) }) { try show(Text("\(image)\n").string) }
        return 0
      })
  }
}
