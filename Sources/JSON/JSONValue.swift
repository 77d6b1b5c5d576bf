/// A value of a document that has been read, with getters that check its type.
///
/// A getter does not throw: where a value is not what it must be, it notes the fault and its place, and gives an empty value. A reader of a document reads all
/// that it wants and asks for the fault at the end, `check()`: the first one is the one to tell, and what has been read is only used when there is none. A
/// hundred getters that could throw would each need a way out that takes down what has been read so far.
///
/// A value points into the document and keeps it alive; it costs nothing to copy. Where a member is looked up, `null` counts as absent.
public struct JSONValue {
  let document: JSONDocument
  let index: Int

  /// Reads a whole document: RFC 8259 in UTF-8 without a byte order mark, no key twice in an object, nothing after it, within `limits`.
  public init(parsing text: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
    var parser = JSONParser(text, limits: limits)
    document = JSONDocument(text: text, nodes: try parser.document())
    index = 0
  }

  /// An object without members, for a reader to whom an object that is absent is an empty one.
  @inline(never)
  public static func emptyObject() -> JSONValue {
    JSONValue(document: JSONDocument(text: [], nodes: [JSONNode(kind: .object, start: 0, next: 1, parent: 0)]), index: 0)
  }

  init(document: JSONDocument, index: Int) {
    self.document = document
    self.index = index
  }

  var node: JSONNode { document.nodes[index] }

  /// What the value is.
  public var kind: JSONKind { node.kind }

  // MARK: scalars

  /// A boolean.
  @inline(never)
  public func bool() -> Bool {
    if kind == .bool { return node.flag }
    refuse(expected: "a boolean")
    return false
  }

  /// A string without NUL: every string here ends as a C string or in a file of the kernel, and what comes after a NUL would be lost on the way.
  @inline(never)
  public func string() -> String {
    if kind == .string { return text(of: index) }
    refuse(expected: "a string")
    return ""
  }

  /// An integer that fits; a fraction or an exponent is none, even where its value would be whole.
  @inline(__always)
  public func integer<Value: FixedWidthInteger & Sendable>() -> Value { integer(in: Value.min...Value.max) }

  /// An integer between two bounds.
  @inline(__always)
  public func integer<Value: FixedWidthInteger & Sendable>(in range: ClosedRange<Value>) -> Value {
    Value(truncatingIfNeeded: integerBits(least: Int64(truncatingIfNeeded: range.lowerBound), greatest: UInt64(truncatingIfNeeded: range.upperBound)))
  }

  /// The text of the value, to its end and up to where the next value or key begins: what the document has there cannot differ without this differing.
  @inline(never)
  public var source: ArraySlice<UInt8> {
    let next = Int(node.next)
    return document.text[Int(node.start)..<(next < document.nodes.count ? Int(document.nodes[next].start) : document.text.count)]
  }

  /// A number as it is written.
  public func numberText() -> String {
    if kind == .number { return String(decoding: raw, as: UTF8.self) }
    refuse(expected: "a number")
    return ""
  }

  // MARK: containers

  /// The elements of an array.
  @inline(never)
  public func elements() -> [JSONValue] {
    if kind != .array {
      refuse(expected: "an array")
      return []
    }
    var elements: [JSONValue] = []
    elements.reserveCapacity(Int(node.length))
    var child = index + 1
    let end = Int(node.next)
    while child < end {
      elements.append(JSONValue(document: document, index: child))
      child = Int(document.nodes[child].next)
    }
    return elements
  }

  /// The members of an object in the order of the text. A member whose value is `null` is among them.
  @inline(never)
  public func members() -> [(key: String, value: JSONValue)] {
    if kind != .object {
      refuse(expected: "an object")
      return []
    }
    var members: [(key: String, value: JSONValue)] = []
    members.reserveCapacity(Int(node.length))
    for key in keyIndices(of: index, in: document.nodes) {
      members.append((text(of: key), JSONValue(document: document, index: key + 1)))
    }
    return members
  }

  /// The members of an object whose keys are none of these words, in the order of the text; a reader that takes no others refuses them. A member whose value is
  /// `null` is among them.
  @inline(never)
  public func members(besides words: Literal) -> [(key: String, value: JSONValue)] {
    let known = words.words
    var others: [(key: String, value: JSONValue)] = []
    for (key, value) in members() where !known.contains(where: { $0.equals(key) }) { others.append((key, value)) }
    return others
  }

  /// The member of an object, or nil when there is none or it is `null`.
  @inline(never)
  public func member(_ key: Literal) -> JSONValue? {
    if kind != .object {
      refuse(expected: "an object")
      return nil
    }
    var child = index + 1
    let end = Int(node.next)
    let name = key.bytes
    while child < end {
      let candidate = document.nodes[child]
      if isKey(candidate, name) {
        return document.nodes[child + 1].kind == .null ? nil : JSONValue(document: document, index: child + 1)
      }
      child = Int(document.nodes[child + 1].next)
    }
    return nil
  }

  /// The member of an object, which must be there.
  @inline(never)
  public func required(_ key: Literal) -> JSONValue {
    if let value = member(key) { return value }
    refuseMissing(key)
    return self
  }

  /// A string member; nil when it is absent.
  @inline(never)
  public func string(_ key: Literal) -> String? { member(key)?.string() }

  /// A boolean member; nil when it is absent.
  @inline(never)
  public func bool(_ key: Literal) -> Bool? { member(key)?.bool() }

  /// An integer member; nil when it is absent.
  @inline(__always)
  public func integer<Value: FixedWidthInteger & Sendable>(_ key: Literal, in range: ClosedRange<Value> = Value.min...Value.max) -> Value? {
    let bits = integerBits(key, least: Int64(truncatingIfNeeded: range.lowerBound), greatest: UInt64(truncatingIfNeeded: range.upperBound))
    return bits.map { Value(truncatingIfNeeded: $0) }
  }

  /// An integer member that must be there.
  @inline(__always)
  public func requiredInteger<Value: FixedWidthInteger & Sendable>(_ key: Literal, in range: ClosedRange<Value> = Value.min...Value.max) -> Value {
    Value(
      truncatingIfNeeded: requiredBits(key, least: Int64(truncatingIfNeeded: range.lowerBound), greatest: UInt64(truncatingIfNeeded: range.upperBound)))
  }

  /// The elements of a member, decoded; none when the member is absent.
  @inline(__always)
  public func list<Element>(_ key: Literal, _ decode: (JSONValue) -> Element) -> [Element] {
    var list: [Element] = []
    for element in elements(of: key) { list.append(decode(element)) }
    return list
  }

  /// The elements of a member; none when the member is absent.
  @inline(never)
  public func elements(of key: Literal) -> [JSONValue] { member(key)?.elements() ?? [] }

  /// The strings of a member; none when the member is absent.
  @inline(never)
  public func strings(_ key: Literal) -> [String] {
    guard let array = member(key) else { return [] }
    if array.kind != .array {
      array.refuse(expected: "an array")
      return []
    }
    var strings: [String] = []
    strings.reserveCapacity(Int(array.node.length))
    // Most of a config.json are lists of strings, so these are read without an array of values in between. An element is a scalar or a fault: one node, or the
    // nodes of an array whose first is at fault already.
    for child in (array.index + 1)..<Int(array.node.next) { strings.append(JSONValue(document: document, index: child).string()) }
    return strings
  }

  // MARK: faults

  /// Throws the first fault that has been noted in this document, and forgets it.
  public func check() throws(JSONPathError) {
    if let fault = document.fault.take() { throw fault }
  }

  /// Notes that this value is at fault.
  @inline(never)
  @_disfavoredOverload
  public func refuse(_ reason: Text) {
    if case .none = document.fault { document.fault = JSONPathError(path: path, reason: reason) }
  }

  /// The same; a sentence without values is a pointer where it is given.
  @inline(never)
  public func refuse(_ reason: Literal) { refuse(Text(reason)) }

  /// The same, of a member of this object, whether it is there or not.
  @inline(never)
  public func refuse(_ key: Literal, _ reason: Literal) { refuse(key, Text(reason)) }

  /// Notes that a member of this object is at fault, whether it is there or not.
  @inline(never)
  @_disfavoredOverload
  public func refuse(_ key: Literal, _ reason: Text) {
    if case .some = document.fault { return }
    let parent = path
    let separator: Literal = parent.utf8.isEmpty ? "" : "."
    document.fault = JSONPathError(path: Text("\(parent)\(separator)\(key)").string, reason: reason)
  }

  /// Notes that a string is none of those that mean something here.
  @inline(never)
  public func refuseUnknown() { refuse("unknown value '\(excerpt(stringBytes(node, in: document.text)))'") }

  /// Notes that a member is not there.
  @inline(never)
  public func refuseMissing(_ key: Literal) { refuse(key, "missing") }

  /// The place of this value: `mounts[3].destination`; empty for the document itself.
  ///
  /// A key that is not a plain word stands in quotation marks: `linux.sysctl["net.ipv4.ip_forward"]`.
  public var path: String { JSONPath(document).text(of: index) }

  // MARK: inside

  private var raw: ArraySlice<UInt8> { document.text[Int(node.start)..<Int(node.start + node.length)] }

  @inline(never)
  private func text(of index: Int) -> String {
    let bytes = stringBytes(document.nodes[index], in: document.text)
    if bytes.contains(0) { refuse("must not contain a NUL character") }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func isKey(_ candidate: JSONNode, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
    if candidate.flag { return stringBytes(candidate, in: document.text).elementsEqual(key) }
    if Int(candidate.length) != key.count { return false }
    let start = Int(candidate.start)
    for offset in key.indices where document.text[start + offset] != key[offset] { return false }
    return true
  }

  /// The bits of an integer between two bounds, of which the lower may be negative and the upper may not: both `Int64.min` and `UInt64.max` are exact. One
  /// function for all types of integers, because each of a hundred getters would have a copy of a generic one.
  @inline(never)
  public func integerBits(least: Int64, greatest: UInt64) -> UInt64 {
    if kind != .number {
      refuse(expected: "an integer")
      return 0
    }
    var magnitude: UInt64 = 0
    var isNegative = false
    for byte in raw {
      if byte == 0x2D {
        isNegative = true
        continue
      }
      guard (0x30...0x39).contains(byte) else {
        refuse("expected an integer, found \(excerpt(raw))")
        return 0
      }
      let (product, tooLarge) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, alsoTooLarge) = product.addingReportingOverflow(UInt64(byte - 0x30))
      if tooLarge || alsoTooLarge { return outOfRange(least, greatest) }
      magnitude = sum
    }
    if isNegative && magnitude > 0 {
      if least < 0 && magnitude <= least.magnitude { return 0 &- magnitude }
    } else if magnitude <= greatest && (least <= 0 || magnitude >= UInt64(least)) {
      return magnitude
    }
    return outOfRange(least, greatest)
  }

  /// As `integerBits(least:greatest:)`, for a member; nil when it is absent.
  @inline(never)
  public func integerBits(_ key: Literal, least: Int64, greatest: UInt64) -> UInt64? { member(key)?.integerBits(least: least, greatest: greatest) }

  /// As `integerBits(least:greatest:)`, for a member that must be there.
  @inline(never)
  public func requiredBits(_ key: Literal, least: Int64, greatest: UInt64) -> UInt64 {
    required(key).integerBits(least: least, greatest: greatest)
  }

  @inline(never)
  private func outOfRange(_ least: Int64, _ greatest: UInt64) -> UInt64 {
    refuse("out of range: \(excerpt(raw)) is not between \(least) and \(greatest)")
    return 0
  }

  @inline(never)
  private func refuse(expected what: Literal) { refuse("expected \(what), found \(kind.description)") }
}
