internal import Images

extension CommandSpec {
  /// `apus release remove`.
  static var releaseRemove: CommandSpec {
    CommandSpec(
      name: "release remove", summary: "remove the releases of an application, so that its images can be removed", operands: "APPLICATION",
      needs: "exactly one application", operandCount: 1...1,
      description: "The highest version that has been accepted is not forgotten: nothing below it can be accepted again.",
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        try failing { () throws(ImageError) in try store.removeRelease(of: call.arguments.operands[0]) }
        return 0
      })
  }
}
