/// Finds out where in a document a value stands. Only errors ask, so nothing is kept for it but each node's container.
struct JSONPath {
  private let document: JSONDocument

  init(_ document: JSONDocument) { self.document = document }

  /// The path of a value, from the outermost container inwards.
  func text(of index: Int) -> String {
    if index == 0 { return "" }
    let parent = Int(document.nodes[index].parent)
    let outer = text(of: parent)
    if document.nodes[parent].kind == .array { return "\(outer)[\(position(of: index, in: parent))]" }
    let key = stringBytes(document.nodes[index - 1], in: document.text)
    if !key.isEmpty && key.allSatisfy(JSONPath.isPlain) {
      return outer.utf8.isEmpty ? excerpt(key) : "\(outer).\(excerpt(key))"
    }
    return "\(outer)[\"\(excerpt(key))\"]"
  }

  private func position(of index: Int, in array: Int) -> Int {
    var position = 0
    var child = array + 1
    while child < index {
      position += 1
      child = Int(document.nodes[child].next)
    }
    return position
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
    default: false
    }
  }
}
