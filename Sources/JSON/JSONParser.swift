/// Reads one document: RFC 8259 to the letter, and I-JSON's rule (RFC 7493) that no key is given twice, because readers differ in which of the two they take.
struct JSONParser {
  private let text: [UInt8]
  private let limits: JSONLimits
  private var offset = 0
  private var nodes: [JSONNode] = []

  init(_ text: [UInt8], limits: JSONLimits) {
    self.text = text
    self.limits = limits
  }

  /// The table of values of the whole text.
  mutating func document() throws(JSONError) -> [JSONNode] {
    if text.count > limits.bytes { throw fault("the document is longer than \(limits.bytes) bytes") }
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { throw fault("the document begins with a byte order mark") }
    // A compact config.json has some 8 bytes for each value and key.
    nodes.reserveCapacity(min(text.count / 8 + 1, limits.nodes))
    skipSpace()
    try value(in: 0, depth: 0)
    skipSpace()
    if offset < text.count { throw fault("expected nothing more after the document") }
    return nodes
  }

  // MARK: values

  private mutating func value(in parent: Int, depth: Int) throws(JSONError) {
    guard offset < text.count else { throw expected("a value") }
    switch text[offset] {
    case 0x7B: try object(in: parent, depth: depth + 1)
    case 0x5B: try array(in: parent, depth: depth + 1)
    case 0x22: try string(in: parent)
    case 0x74: try word("true", .bool, true, in: parent)
    case 0x66: try word("false", .bool, false, in: parent)
    case 0x6E: try word("null", .null, false, in: parent)
    case 0x2D, 0x30...0x39: try number(in: parent)
    default: throw expected("a value")
    }
  }

  private mutating func object(in parent: Int, depth: Int) throws(JSONError) {
    let index = try open(.object, in: parent, depth: depth)
    if !take(0x7D) {
      while true {
        let key = nodes.count
        guard offset < text.count, text[offset] == 0x22 else { throw expected("a key in quotation marks") }
        try string(in: index)
        try refuseDuplicate(of: key, in: index)
        skipSpace()
        if !take(0x3A) { throw expected("':'") }
        skipSpace()
        try value(in: index, depth: depth)
        nodes[index].next = UInt32(nodes.count)
        nodes[index].length += 1
        skipSpace()
        if take(0x7D) { break }
        if !take(0x2C) { throw expected("',' or '}'") }
        skipSpace()
      }
    }
    nodes[index].next = UInt32(nodes.count)
    if nodes[index].length > JSONParser.fewKeys { try refuseDuplicates(in: index) }
  }

  private mutating func array(in parent: Int, depth: Int) throws(JSONError) {
    let index = try open(.array, in: parent, depth: depth)
    if !take(0x5D) {
      while true {
        try value(in: index, depth: depth)
        nodes[index].length += 1
        skipSpace()
        if take(0x5D) { break }
        if !take(0x2C) { throw expected("',' or ']'") }
        skipSpace()
      }
    }
    nodes[index].next = UInt32(nodes.count)
  }

  /// Begins a container; `length` counts what it holds until it is closed.
  private mutating func open(_ kind: JSONKind, in parent: Int, depth: Int) throws(JSONError) -> Int {
    if depth > limits.depth { throw fault("nested deeper than \(limits.depth) levels") }
    let index = nodes.count
    try append(JSONNode(kind: kind, start: UInt32(offset), parent: UInt32(parent)))
    offset += 1
    skipSpace()
    return index
  }

  private mutating func word(_ word: Literal, _ kind: JSONKind, _ flag: Bool, in parent: Int) throws(JSONError) {
    let end = min(offset + word.bytes.count, text.count)
    if !text[offset..<end].elementsEqual(word.bytes) { throw expected("a value") }
    try append(JSONNode(kind: kind, flag: flag, start: UInt32(offset), length: UInt32(end - offset), parent: UInt32(parent)))
    offset = end
  }

  private mutating func number(in parent: Int) throws(JSONError) {
    let start = offset
    _ = take(0x2D)
    // No number begins with a zero but 0 itself; readers that allow it take it for octal.
    if !take(0x30) { try digits() }
    if offset < text.count, (0x30...0x39).contains(text[offset]) { throw fault("a number must not begin with a zero") }
    if take(0x2E) { try digits() }
    if take(0x65) || take(0x45) {
      if !take(0x2B) { _ = take(0x2D) }
      try digits()
    }
    try append(JSONNode(kind: .number, start: UInt32(start), length: UInt32(offset - start), parent: UInt32(parent)))
  }

  private mutating func digits() throws(JSONError) {
    let start = offset
    while offset < text.count, (0x30...0x39).contains(text[offset]) { offset += 1 }
    if offset == start { throw expected("a digit") }
  }

  // MARK: strings

  private mutating func string(in parent: Int) throws(JSONError) {
    let start = offset + 1
    var end = start
    var hasEscapes = false
    while true {
      guard end < text.count else { throw fault("the string has no end") }
      let byte = text[end]
      if byte == 0x22 { break }
      if byte == 0x5C {
        hasEscapes = true
        do throws(JSONStringFault) {
          end = try escape(in: text, at: end).end
        } catch {
          offset = end
          throw fault(Text(error.reason))
        }
      } else if byte >= 0x80 {
        guard let length = characterLength(in: text, at: end) else {
          offset = end
          throw fault("not UTF-8")
        }
        end += length
      } else {
        if byte < 0x20 {
          offset = end
          throw fault("a control character in a string must be escaped")
        }
        end += 1
      }
    }
    try append(JSONNode(kind: .string, flag: hasEscapes, start: UInt32(start), length: UInt32(end - start), parent: UInt32(parent)))
    offset = end + 1
  }

  // MARK: keys given twice

  /// Up to how many keys an object's keys are compared one by one; more are sorted when the object ends, so that the time stays in bounds.
  private static var fewKeys: UInt32 { 24 }

  /// Compares the key that has just been read with those before it.
  private func refuseDuplicate(of key: Int, in object: Int) throws(JSONError) {
    if nodes[object].length >= JSONParser.fewKeys { return }
    var index = object + 1
    while index < key {
      if sameKey(index, key) { throw duplicate(key) }
      index = Int(nodes[index + 1].next)
    }
  }

  private func refuseDuplicates(in object: Int) throws(JSONError) {
    let places = keyIndices(of: object, in: nodes)
    let keys = places.map { stringBytes(nodes[$0], in: text) }
    let order = order(of: keys)
    for (key, before) in zip(order.dropFirst(), order) where keys[key] == keys[before] { throw duplicate(places[key]) }
  }

  private func sameKey(_ left: Int, _ right: Int) -> Bool {
    let (left, right) = (nodes[left], nodes[right])
    if left.flag || right.flag { return stringBytes(left, in: text) == stringBytes(right, in: text) }
    if left.length != right.length { return false }
    for offset in 0..<Int(left.length) where text[Int(left.start) + offset] != text[Int(right.start) + offset] { return false }
    return true
  }

  private func duplicate(_ key: Int) -> JSONError {
    JSONError(in: text, at: Int(nodes[key].start) - 1, "the key '\(excerpt(stringBytes(nodes[key], in: text)))' is given twice")
  }

  // MARK: the text

  /// Adds a value or a key. What follows a scalar is the node after it; a container learns its end when it is closed.
  private mutating func append(_ node: JSONNode) throws(JSONError) {
    if nodes.count >= limits.nodes { throw JSONError(in: text, at: Int(node.start), "more than \(limits.nodes) values") }
    nodes.append(node)
    nodes[nodes.count - 1].next = UInt32(nodes.count)
  }

  private mutating func skipSpace() {
    while offset < text.count {
      switch text[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard offset < text.count, text[offset] == byte else { return false }
    offset += 1
    return true
  }

  private func fault(_ reason: Text) -> JSONError { JSONError(in: text, at: min(offset, text.count), reason) }

  private func expected(_ what: Literal) -> JSONError {
    fault(offset < text.count ? "expected \(what)" : "expected \(what), but the document ends")
  }
}
