internal import Images
internal import Wording

extension CommandSpec {
  /// `apus image remove`.
  static var imageRemove: CommandSpec {
    CommandSpec(
      name: "image remove", summary: "remove an image and the layers that no other image and no container needs", operands: "NAME", completion: .image,
      needs: "exactly one image", operandCount: 1...1, perform: { (call) throws(Failure) in try removeImage(call.arguments.operands[0], call.globals) })
  }
}

private func removeImage(_ name: String, _ globals: GlobalOptions) throws(Failure) -> Int32 {
  let store = try openStore(globals)
  try failing { () throws(ImageError) in try store.removeImage(named: name) }
  return 0
}
