/// A value of a document that has been read, with getters that check its type and errors that name its place.
///
/// A value points into the document and keeps it alive; it costs nothing to copy. Where a member is looked up, `null` counts as absent.
public struct JSONValue: Sendable {
  let document: JSONDocument
  let index: Int

  /// Reads a whole document: RFC 8259 in UTF-8 without a byte order mark, no key twice in an object, nothing after it, within `limits`.
  public init(parsing text: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
    var parser = JSONParser(text, limits: limits)
    document = JSONDocument(text: text, nodes: try parser.document())
    index = 0
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
  public func bool() throws(JSONPathError) -> Bool {
    if kind != .bool { throw expected("a boolean") }
    return node.flag
  }

  /// A string without NUL: every string here ends as a C string or in a file of the kernel, and what comes after a NUL would be lost on the way.
  @inline(never)
  public func string() throws(JSONPathError) -> String {
    if kind != .string { throw expected("a string") }
    return try text(of: index)
  }

  /// An integer that fits; a fraction or an exponent is none, even where its value would be whole.
  @inline(__always)
  public func integer<Value: FixedWidthInteger & Sendable>() throws(JSONPathError) -> Value { try integer(in: Value.min...Value.max) }

  /// An integer between two bounds.
  @inline(__always)
  public func integer<Value: FixedWidthInteger & Sendable>(in range: ClosedRange<Value>) throws(JSONPathError) -> Value {
    let bits = try integerBits(least: Int64(truncatingIfNeeded: range.lowerBound), greatest: UInt64(truncatingIfNeeded: range.upperBound))
    return Value(truncatingIfNeeded: bits)
  }

  /// A number as it is written.
  public func numberText() throws(JSONPathError) -> String {
    if kind != .number { throw expected("a number") }
    return String(decoding: raw, as: UTF8.self)
  }

  // MARK: containers

  /// The elements of an array.
  public func elements() throws(JSONPathError) -> [JSONValue] {
    if kind != .array { throw expected("an array") }
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
  public func members() throws(JSONPathError) -> [(key: String, value: JSONValue)] {
    if kind != .object { throw expected("an object") }
    var members: [(key: String, value: JSONValue)] = []
    members.reserveCapacity(Int(node.length))
    for key in keyIndices(of: index, in: document.nodes) {
      members.append((try text(of: key), JSONValue(document: document, index: key + 1)))
    }
    return members
  }

  /// The member of an object, or nil when there is none or it is `null`.
  @inline(never)
  public func member(_ key: StaticString) throws(JSONPathError) -> JSONValue? {
    if kind != .object { throw expected("an object") }
    var child = index + 1
    let end = Int(node.next)
    while child < end {
      let candidate = document.nodes[child]
      if key.withUTF8Buffer({ isKey(candidate, $0) }) {
        return document.nodes[child + 1].kind == .null ? nil : JSONValue(document: document, index: child + 1)
      }
      child = Int(document.nodes[child + 1].next)
    }
    return nil
  }

  /// The member of an object, which must be there.
  @inline(never)
  public func required(_ key: StaticString) throws(JSONPathError) -> JSONValue {
    guard let value = try member(key) else { throw missing(key) }
    return value
  }

  /// A string member; nil when it is absent.
  @inline(never)
  public func string(_ key: StaticString) throws(JSONPathError) -> String? { try member(key)?.string() }

  /// A boolean member; nil when it is absent.
  @inline(never)
  public func bool(_ key: StaticString) throws(JSONPathError) -> Bool? { try member(key)?.bool() }

  /// An integer member; nil when it is absent.
  @inline(__always)
  public func integer<Value: FixedWidthInteger & Sendable>(
    _ key: StaticString, in range: ClosedRange<Value> = Value.min...Value.max
  ) throws(JSONPathError) -> Value? {
    let bits = try integerBits(key, least: Int64(truncatingIfNeeded: range.lowerBound), greatest: UInt64(truncatingIfNeeded: range.upperBound))
    return bits.map { Value(truncatingIfNeeded: $0) }
  }

  /// An integer member that must be there.
  @inline(__always)
  public func requiredInteger<Value: FixedWidthInteger & Sendable>(
    _ key: StaticString, in range: ClosedRange<Value> = Value.min...Value.max
  ) throws(JSONPathError) -> Value {
    guard let value = try integer(key, in: range) else { throw missing(key) }
    return value
  }

  /// As `integerBits(least:greatest:)`, for a member; nil when it is absent.
  @inline(never)
  public func integerBits(_ key: StaticString, least: Int64, greatest: UInt64) throws(JSONPathError) -> UInt64? {
    try member(key)?.integerBits(least: least, greatest: greatest)
  }

  /// The elements of a member, decoded; none when the member is absent.
  public func list<Element>(_ key: StaticString, _ decode: (JSONValue) throws(JSONPathError) -> Element) throws(JSONPathError) -> [Element] {
    guard let array = try member(key) else { return [] }
    var list: [Element] = []
    for element in try array.elements() { list.append(try decode(element)) }
    return list
  }

  /// The strings of a member; none when the member is absent.
  @inline(never)
  public func strings(_ key: StaticString) throws(JSONPathError) -> [String] {
    guard let array = try member(key) else { return [] }
    if array.kind != .array { throw array.expected("an array") }
    var strings: [String] = []
    strings.reserveCapacity(Int(array.node.length))
    // Most of a config.json are lists of strings, so these are read without an array of values in between. An element is a scalar or an error: one node.
    for child in (array.index + 1)..<Int(array.node.next) { strings.append(try JSONValue(document: document, index: child).string()) }
    return strings
  }

  // MARK: errors

  /// The error that says that this value is at fault.
  @inline(never)
  public func error(_ reason: Text) -> JSONPathError { JSONPathError(path: path, reason: reason) }

  /// The error that says that a member of this object is at fault, whether it is there or not.
  @inline(never)
  public func error(_ key: StaticString, _ reason: Text) -> JSONPathError {
    let parent = path
    let separator: StaticString = parent.utf8.isEmpty ? "" : "."
    return JSONPathError(path: Text("\(parent)\(separator)\(key)").string, reason: reason)
  }

  /// The error that says that a string is none of those that mean something here.
  public func unknown() -> JSONPathError { error("unknown value '\(excerpt(stringBytes(node, in: document.text)))'") }

  /// The error that says that a member is not there.
  @inline(never)
  public func missing(_ key: StaticString) -> JSONPathError { error(key, "missing") }

  /// The place of this value: `mounts[3].destination`; empty for the document itself.
  ///
  /// A key that is not a plain word stands in quotation marks: `linux.sysctl["net.ipv4.ip_forward"]`.
  public var path: String { JSONPath(document).text(of: index) }

  // MARK: inside

  private var raw: ArraySlice<UInt8> { document.text[Int(node.start)..<Int(node.start + node.length)] }

  private func text(of index: Int) throws(JSONPathError) -> String {
    let bytes = stringBytes(document.nodes[index], in: document.text)
    if bytes.contains(0) { throw error("must not contain a NUL character") }
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
  public func integerBits(least: Int64, greatest: UInt64) throws(JSONPathError) -> UInt64 {
    if kind != .number { throw expected("an integer") }
    var magnitude: UInt64 = 0
    var isNegative = false
    for byte in raw {
      if byte == 0x2D {
        isNegative = true
        continue
      }
      guard (0x30...0x39).contains(byte) else { throw error("expected an integer, found \(excerpt(raw))") }
      let (product, tooLarge) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, alsoTooLarge) = product.addingReportingOverflow(UInt64(byte - 0x30))
      if tooLarge || alsoTooLarge { throw outOfRange(least, greatest) }
      magnitude = sum
    }
    if isNegative && magnitude > 0 {
      if least < 0 && magnitude <= least.magnitude { return 0 &- magnitude }
    } else if magnitude <= greatest && (least <= 0 || magnitude >= UInt64(least)) {
      return magnitude
    }
    throw outOfRange(least, greatest)
  }

  private func outOfRange(_ least: Int64, _ greatest: UInt64) -> JSONPathError {
    error("out of range: \(excerpt(raw)) is not between \(least) and \(greatest)")
  }

  private func expected(_ what: StaticString) -> JSONPathError { error("expected \(what), found \(kind.description)") }
}
