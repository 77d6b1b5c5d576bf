public import JSON

/// Reads a document and decodes it; both kinds of fault become one.
@inline(__always)
public func decode<Value>(_ text: [UInt8], limits: JSONLimits = JSONLimits(), _ body: (JSONValue) -> Value) throws(SpecError) -> Value {
  let document = try parse(text, limits)
  let value = body(document)
  try check(document)
  return value
}

@inline(never)
func parse(_ text: [UInt8], _ limits: JSONLimits = JSONLimits()) throws(SpecError) -> JSONValue {
  do throws(JSONError) {
    return try JSONValue(parsing: text, limits: limits)
  } catch {
    throw SpecError(path: "", reason: Text(error.message))
  }
}

@inline(never)
func check(_ document: JSONValue) throws(SpecError) {
  do throws(JSONPathError) {
    try document.check()
  } catch {
    throw SpecError(path: Text(error.path), reason: Text(error.reason))
  }
}

extension JSONValue {
  /// A string member; nil when it is absent or empty. The Go structures that most callers write their documents with do not tell the two apart.
  @inline(never)
  func text(_ key: Literal) -> String? {
    guard let text = member(key)?.string(), !text.utf8.isEmpty else { return nil }
    return text
  }

  /// A string member that must be there and not empty.
  @inline(never)
  func requiredText(_ key: Literal) -> String { required(key).nonEmpty() }

  /// A string member as a value; nil when it is absent or empty.
  @inline(never)
  func given(_ key: Literal) -> JSONValue? { text(key) == nil ? nil : member(key) }

  /// A string that is not empty.
  @inline(never)
  func nonEmpty() -> String {
    let text = string()
    if text.utf8.isEmpty { refuse("must not be empty") }
    return text
  }

  /// A string that begins with a slash.
  @inline(never)
  func absolutePath() -> String {
    let path = string()
    if path.utf8.first != 0x2F { refuse("must be an absolute path") }
    return path
  }

  /// The strings of a member, each of which begins with a slash; none when the member is absent.
  @inline(never)
  func absolutePaths(_ key: Literal) -> [String] { list(key) { $0.absolutePath() } }

  /// A boolean member; false when it is absent.
  @inline(never)
  func flag(_ key: Literal) -> Bool { member(key)?.bool() ?? false }

  /// One of the fixed names of a type; where it is none of them that is noted, and the first one is given.
  @inline(__always)
  public func named<Value: NamedValue>() -> Value { Value(at: number(in: Value.names)) }

  /// One of the fixed names of a type; nil when the member is absent or empty.
  @inline(__always)
  func namedText<Value: NamedValue>(_ key: Literal) -> Value? { given(key)?.named() }

  /// The named values of a member; none when the member is absent.
  @inline(__always)
  func namedList<Value: NamedValue>(_ key: Literal) -> [Value] { list(key) { $0.named() } }

  @inline(never)
  private func number(in names: Literal) -> UInt8 {
    if let number = position(of: string(), in: names) { return number }
    refuseUnknown()
    return 0
  }

  /// The members of a map, decoded in the order of the text; none when the map is absent. A key must not be empty.
  @inline(__always)
  func map<Entry>(_ key: Literal, _ decode: (String, JSONValue) -> Entry) -> [Entry] {
    var entries: [Entry] = []
    for (name, value) in namedMembers(of: key) { entries.append(decode(name, value)) }
    return entries
  }

  @inline(never)
  private func namedMembers(of key: Literal) -> [(key: String, value: JSONValue)] {
    guard let object = member(key) else { return [] }
    let members = object.members()
    for (name, _) in members where name.utf8.isEmpty { object.refuse("must not have an empty key") }
    return members
  }

  /// A map of strings to strings, such as `annotations`.
  @inline(never)
  func annotations(_ key: Literal) -> [Annotation] { map(key) { Annotation(key: $0, value: $1.string()) } }
}

/// Whether a text is a version `1.MINOR.PATCH` as Semantic Versioning 2.0.0 spells it, with or without a suffix. Within one major version the specifications
/// only add what may be absent, so a document of a later one can be taken.
func isVersion1(_ text: String) -> Bool {
  let parts = Array(text.utf8)[...].split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == 0x2D || $0 == 0x2B }
  if parts.count == 2 && parts[1].isEmpty { return false }
  let numbers = parts[0].split(separator: 0x2E, omittingEmptySubsequences: false)
  guard numbers.count == 3, numbers[0].matches("1") else { return false }
  return numbers.allSatisfy { number in !number.isEmpty && number.allSatisfy { (0x30...0x39).contains($0) } }
}
