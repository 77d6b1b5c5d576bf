internal import Images
internal import Wording

extension CommandSpec {
  /// `apus image tag`.
  static var imageTag: CommandSpec {
    CommandSpec(
      name: "image tag", summary: "give an image another name as well", operands: "NAME NEW", completion: .image, needs: "an image and a name",
      operandCount: 2...2,
      description: """
        The image has both names then, and is removed with the last one. An image that had the new name before loses it. A policy decides by the name that is \
        used.
        """,
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        let operands = call.arguments.operands
        try failing { () throws(ImageError) in try store.tagImage(named: operands[0], as: operands[1]) }
        return 0
      })
  }
}
