/// Puts a document together of the text of others.
///
/// What the values mean is nobody's concern here, so it is all done on the table of the documents: a scalar is copied as it is written.
public struct JSONMerge {
  /// The document, without space between its parts.
  public private(set) var bytes: [UInt8] = []
  private let isLeft: (JSONValue) -> Bool
  private let isSame: (JSONValue, JSONValue) -> Bool

  /// `base` as `change` changes it: an object member by member; what `base` has of an array stays in front of what `change` has of it. Anything else is that of
  /// `change`.
  ///
  /// - isLeft: a member of `change` that changes nothing.
  /// - isSame: whether an element of `base` goes because of one of `change` that is about the same.
  public init(_ base: JSONValue, changedBy change: JSONValue, isLeft: @escaping (JSONValue) -> Bool, isSame: @escaping (JSONValue, JSONValue) -> Bool) {
    self.isLeft = isLeft
    self.isSame = isSame
    merge(base, change)
  }

  private mutating func merge(_ base: JSONValue, _ change: JSONValue) {
    if base.kind != change.kind || (base.kind != .array && base.kind != .object) { return copy(change) }
    bytes.append(base.kind == .array ? 0x5B : 0x7B)
    for child in base.children {
      let other = change.children.first { base.kind == .array ? isSame(child, $0) : child.isCalled(as: $0) }
      guard let other else {
        begin(child)
        copy(child)
        continue
      }
      // The element of an array comes with the others.
      if base.kind == .array { continue }
      begin(child)
      if isLeft(other) { copy(child) } else { merge(child, other) }
    }
    for child in change.children where base.kind == .array || (!isLeft(child) && !base.children.contains { child.isCalled(as: $0) }) {
      begin(child)
      copy(child)
    }
    bytes.append(base.kind == .array ? 0x5D : 0x7D)
  }

  private mutating func copy(_ json: JSONValue) {
    let node = json.node
    let isArray = json.kind == .array
    if !isArray && json.kind != .object { return copy(node, of: json) }
    bytes.append(isArray ? 0x5B : 0x7B)
    for child in json.children {
      begin(child)
      copy(child)
    }
    bytes.append(isArray ? 0x5D : 0x7D)
  }

  /// What stands before a value in a container: a comma, unless it is the first, and the key.
  private mutating func begin(_ child: JSONValue) {
    let last = bytes[bytes.count - 1]
    if last != 0x5B && last != 0x7B { bytes.append(0x2C) }
    guard let key = child.key else { return }
    copy(key, of: child)
    bytes.append(0x3A)
  }

  private mutating func copy(_ node: JSONNode, of json: JSONValue) {
    if node.kind == .string { bytes.append(0x22) }
    bytes.append(contentsOf: json.document.text[Int(node.start)..<Int(node.start + node.length)])
    if node.kind == .string { bytes.append(0x22) }
  }
}

extension JSONValue {
  /// The elements, or the values of the members.
  @inline(never)
  fileprivate var children: [JSONValue] {
    var children: [JSONValue] = []
    // A member is a key and a value.
    let step = kind == .object ? 1 : 0
    var child = index + 1 + step
    while child < Int(node.next) {
      children.append(JSONValue(document: document, index: child))
      child = Int(document.nodes[child].next) + step
    }
    return children
  }

  /// The key of a member.
  fileprivate var key: JSONNode? { document.nodes[Int(node.parent)].kind == .object && index > 0 ? document.nodes[index - 1] : nil }

  fileprivate func isCalled(as other: JSONValue) -> Bool {
    guard let key, let its = other.key else { return false }
    return stringBytes(key, in: document.text).elementsEqual(stringBytes(its, in: other.document.text))
  }
}
