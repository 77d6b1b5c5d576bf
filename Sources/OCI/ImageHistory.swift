internal import JSON

/// How a layer of an image came to be, for people (image-spec, config.md, `history`). All of it is the builder's word.
public struct HistoryEntry: Sendable {
  /// RFC 3339.
  public var created: String?
  public var createdBy: String?
  public var comment: String?
  /// The step has made no layer.
  public var isEmptyLayer: Bool

  /// The history in the configuration of an image, the oldest first; empty where it has none.
  public static func list(parsing config: [UInt8]) throws(SpecError) -> [HistoryEntry] {
    try decode(config) { json in json.list("history") { HistoryEntry($0) } }
  }

  init(_ json: JSONValue) {
    created = json.text("created")
    createdBy = json.text("created_by")
    comment = json.text("comment")
    isEmptyLayer = json.bool("empty_layer") ?? false
  }
}
