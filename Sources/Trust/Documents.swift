internal import JSON
internal import OCI

/// Decodes a document that somebody else wrote; `name` says in messages which one it is.
@inline(__always)
func decode<Value>(_ text: [UInt8], name: Text, _ body: (JSONValue) -> Value) throws(TrustError) -> Value {
  do throws(SpecError) {
    return try OCI.decode(text, limits: JSONLimits(bytes: 1 << 20, depth: 32, nodes: 20_000), body)
  } catch {
    throw TrustError("\(name): \(error.message)")
  }
}
