internal import Images
internal import Linux

extension CommandSpec {
  /// `apus release list`.
  static var releaseList: CommandSpec {
    CommandSpec(
      name: "release list", summary: "list the applications of which releases have been accepted",
      description: """
        One line for each application: its name, the version that counts, the one that is kept before it, and the highest that has ever been accepted.
        """,
      perform: { (call) throws(Failure) in
        let store = try openStore(call.globals)
        for application in try failing({ () throws(ImageError) in try store.applications() }) {
          let current = number(application.current)
          try show(Text("\(application.application)\t\(current)\t\(number(application.previous))\t\(application.highest)\n").string)
        }
        return 0
      })
  }
}

/// The version of a release, or a dash.
private func number(_ release: AcceptedRelease?) -> String { release.map { Text("\($0.version)").string } ?? "-" }
