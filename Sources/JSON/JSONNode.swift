/// What a value is.
public enum JSONKind: Equatable, Sendable {
  case null, bool, number, string, array, object

  /// The kind in a sentence: `found a string`.
  public var description: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// A value or a key of a document. A container is followed by what it holds: values, or keys and values by turns.
///
/// A flat table in the order of the text takes one allocation for a whole document, and a path for an error can be found by walking up.
struct JSONNode: Sendable {
  var kind: JSONKind
  /// Whether a string has escapes, so that its bytes are not those of the text; the value of a boolean.
  var flag = false
  /// Where the text of the value begins; after the quotation mark of a string.
  var start: UInt32
  /// Bytes of a scalar's text, without quotation marks; how many elements or members a container has.
  var length: UInt32 = 0
  /// The index behind the last node that belongs to this one.
  var next: UInt32 = 0
  /// The index of the container; the root is its own.
  var parent: UInt32
}

/// A document that has been read: its text, the table of its values, and what has been found wrong with what it says. Shared by all values that point into it.
final class JSONDocument {
  let text: [UInt8]
  let nodes: [JSONNode]
  /// The first fault that a reader found.
  var fault: JSONPathError?

  init(text: [UInt8], nodes: [JSONNode]) {
    self.text = text
    self.nodes = nodes
  }
}

/// The bytes that a string or a key means.
func stringBytes(_ node: JSONNode, in text: [UInt8]) -> ArraySlice<UInt8> {
  let raw = text[Int(node.start)..<Int(node.start + node.length)]
  return node.flag ? unescaped(raw)[...] : raw
}

/// Where each key of an object stands in the table.
func keyIndices(of object: Int, in nodes: [JSONNode]) -> [Int] {
  var keys: [Int] = []
  var index = object + 1
  let end = Int(nodes[object].next)
  while index < end {
    keys.append(index)
    index = Int(nodes[index + 1].next)
  }
  return keys
}
