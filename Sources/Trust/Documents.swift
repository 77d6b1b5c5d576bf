internal import JSON

/// A document that somebody else wrote; `name` says in messages which one it is.
func document(_ text: [UInt8], name: Text) throws(TrustError) -> JSONValue {
  do throws(JSONError) {
    return try JSONValue(parsing: text, limits: JSONLimits(bytes: 1 << 20, depth: 32, nodes: 20_000))
  } catch {
    throw TrustError("\(name): \(error.message)")
  }
}

/// Throws the first fault that reading a document has found.
func check(_ json: JSONValue, name: Text) throws(TrustError) {
  do throws(JSONPathError) {
    try json.check()
  } catch {
    throw TrustError(error.path.utf8.isEmpty ? "\(name): \(error.reason)" : "\(name): \(error.path): \(error.reason)")
  }
}
