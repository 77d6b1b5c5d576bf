internal import Images
internal import JSON
internal import OCI

extension CommandSpec {
  /// `apus image history`.
  static var imageHistory: CommandSpec {
    CommandSpec(
      name: "image history", summary: "show how the layers of an image came to be", operands: "NAME", completion: .image, needs: "exactly one image",
      operandCount: 1...1, options: [.format],
      description: "The newest step first, as its builder has noted it: when, whether it made a layer, by what, and a comment.",
      perform: { (call) throws(Failure) in
        let wantsJSON = try call.arguments.wantsJSON()
        let store = try openStore(call.globals)
        let history = try failing { () throws(ImageError) in try store.history(named: call.arguments.operands[0]) }
        if wantsJSON { return try show(document(history)) }
        var rows = [["CREATED", "LAYER", "CREATED BY", "COMMENT"]]
        for step in history.reversed() {
          rows.append([step.created ?? "-", step.isEmptyLayer ? "no" : "yes", oneLine(step.createdBy), oneLine(step.comment)])
        }
        return try show(table(rows))
      })
  }
}

/// What a builder wrote, which may be anything, as a cell of a table.
private func oneLine(_ text: String?) -> String {
  guard let text, !text.utf8.isEmpty else { return "-" }
  return string(escapingControls(text)[...])
}

private func document(_ history: [HistoryEntry]) -> [UInt8] {
  var writer = JSONWriter(.pretty)
  writer.array { array in
    for step in history.reversed() {
      array.object { object in
        if let created = step.created { object.member("created", created) }
        if let createdBy = step.createdBy { object.member("createdBy", createdBy) }
        if let comment = step.comment { object.member("comment", comment) }
        object.member("emptyLayer", step.isEmptyLayer)
      }
    }
  }
  return writer.bytes()
}
