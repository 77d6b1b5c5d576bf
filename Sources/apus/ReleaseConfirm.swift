internal import Images

extension CommandSpec {
  /// `apus release confirm`.
  static var releaseConfirm: CommandSpec {
    CommandSpec(
      name: "release confirm", summary: "say that an application's new release does well, and let the one before go", operands: "APPLICATION",
      needs: "exactly one application", operandCount: 1...1,
      description: "The images of the one before can be removed then, and there is no way back to it.",
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        try failing { () throws(ImageError) in try store.confirmRelease(of: call.arguments.operands[0]) }
        return 0
      })
  }
}
