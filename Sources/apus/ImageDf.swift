internal import Images
internal import JSON
internal import Linux

extension CommandSpec {
  /// `apus image df`: what the store takes of the medium.
  static var imageDf: CommandSpec {
    CommandSpec(
      name: "image df", summary: "show how much of the medium images and containers take", options: [.format],
      description: """
        Bytes that are allocated on the medium, in KiB: of all layers, and what `apus image prune --all` would give back of them; of documents; of the writable layers of \
        containers; of damaged layers that a container still has; and of what is being made or removed. Then of each image: all of its layers, and those that no other \
        image has.
        """,
      perform: { (call) throws(Failure) in
        let wantsJSON = try call.arguments.wantsJSON()
        let store = try openStore(call.globals)
        let usage = try failing { () throws(ImageError) in try store.usage() }
        if wantsJSON { return try show(document(usage)) }
        var rows = [["WHAT", "COUNT", "KIB", "RECLAIMABLE"]]
        for row in usage.rows { rows.append(cells(row.what.description, row.count, row.bytes, row.reclaimable)) }
        try show(table(rows))
        if usage.images.isEmpty { return 0 }
        rows = [["IMAGE", "CONTAINERS", "KIB", "UNIQUE"]]
        for image in usage.images { rows.append(cells(image.name, image.containers, image.bytes, image.unique)) }
        try show("\n")
        return try show(table(rows))
      })
  }
}

@inline(never)
private func cells(_ name: String, _ count: UInt64, _ bytes: UInt64, _ others: UInt64) -> [String] {
  [name, String(count), String(bytes / 1024), String(others / 1024)]
}

private func document(_ usage: StoreUsage) -> [UInt8] {
  var writer = JSONWriter(.pretty)
  writer.object { object in
    for row in usage.rows {
      object.key(row.what.description)
      object.object { object in
        object.member("count", row.count)
        object.member("bytes", row.bytes)
        object.member("reclaimable", row.reclaimable)
      }
    }
    object.key("images")
    object.array { array in
      for image in usage.images {
        array.object { object in
          object.member("name", image.name)
          object.member("containers", image.containers)
          object.member("bytes", image.bytes)
          object.member("unique", image.unique)
        }
      }
    }
  }
  return writer.bytes()
}
