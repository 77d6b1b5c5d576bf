internal import Images

extension CommandSpec {
  /// `apus release revert`.
  static var releaseRevert: CommandSpec {
    CommandSpec(
      name: "release revert", summary: "go back to the release before one that has not been confirmed", operands: "APPLICATION",
      needs: "exactly one application", operandCount: 1...1,
      description: "No version below the highest that has been accepted can be accepted again all the same.",
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        try failing { () throws(ImageError) in try store.revertRelease(of: call.arguments.operands[0]) }
        return 0
      })
  }
}
