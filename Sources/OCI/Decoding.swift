internal import JSON

/// Reads a document and decodes it; both kinds of fault become one.
func decode<Value>(_ text: [UInt8], _ body: (JSONValue) throws(JSONPathError) -> Value) throws(SpecError) -> Value {
  let document: JSONValue
  do throws(JSONError) {
    document = try JSONValue(parsing: text)
  } catch {
    throw SpecError(path: "", reason: Text(error.message))
  }
  do throws(JSONPathError) {
    return try body(document)
  } catch {
    throw SpecError(path: Text(error.path), reason: Text(error.reason))
  }
}

extension JSONValue {
  /// A string member; nil when it is absent or empty. The Go structures that most callers write their documents with do not tell the two apart.
  func text(_ key: StaticString) throws(JSONPathError) -> String? {
    guard let text = try member(key)?.string(), !text.utf8.isEmpty else { return nil }
    return text
  }

  /// A string member that must be there and not empty.
  func requiredText(_ key: StaticString) throws(JSONPathError) -> String { try required(key).nonEmpty() }

  /// A string that is not empty.
  func nonEmpty() throws(JSONPathError) -> String {
    let text = try string()
    if text.utf8.isEmpty { throw error("must not be empty") }
    return text
  }

  /// A string that begins with a slash.
  func absolutePath() throws(JSONPathError) -> String {
    let path = try string()
    if path.utf8.first != 0x2F { throw error("must be an absolute path") }
    return path
  }

  /// A boolean member; false when it is absent.
  func flag(_ key: StaticString) throws(JSONPathError) -> Bool { try member(key)?.bool() ?? false }

  /// One of the fixed names of a type.
  func named<Value: NamedValue>() throws(JSONPathError) -> Value {
    guard let value = Value(named: try string()) else { throw unknown() }
    return value
  }

  /// The named values of a member; none when the member is absent.
  func namedList<Value: NamedValue>(_ key: StaticString) throws(JSONPathError) -> [Value] {
    try list(key) { (element) throws(JSONPathError) in try element.named() }
  }

  /// The members of a map, decoded in the order of the text; none when the map is absent. A key must not be empty.
  func map<Entry>(_ key: StaticString, _ decode: (String, JSONValue) throws(JSONPathError) -> Entry) throws(JSONPathError) -> [Entry] {
    guard let object = try member(key) else { return [] }
    var entries: [Entry] = []
    for (name, value) in try object.members() {
      if name.utf8.isEmpty { throw object.error("must not have an empty key") }
      entries.append(try decode(name, value))
    }
    return entries
  }

  /// A map of strings to strings, such as `annotations`.
  func annotations(_ key: StaticString) throws(JSONPathError) -> [Annotation] {
    try map(key) { (name, value) throws(JSONPathError) in Annotation(key: name, value: try value.string()) }
  }
}

/// Whether a text is a version `1.MINOR.PATCH` as Semantic Versioning 2.0.0 spells it, with or without a suffix. Within one major version the specifications
/// only add what may be absent, so a document of a later one can be taken.
func isVersion1(_ text: String) -> Bool {
  let core = text.utf8.prefix { $0 != 0x2D && $0 != 0x2B }
  if core.count + 1 == text.utf8.count { return false }
  let numbers = core.split(separator: 0x2E, omittingEmptySubsequences: false)
  guard numbers.count == 3, numbers[0].elementsEqual([0x31]) else { return false }
  return numbers.allSatisfy { number in !number.isEmpty && number.allSatisfy { (0x30...0x39).contains($0) } }
}
