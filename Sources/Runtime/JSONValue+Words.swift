internal import JSON

extension JSONValue {
  /// What a value says, for a person: `type RLIMIT_NOFILE, soft 5, hard 5`.
  var words: String {
    switch kind {
    case .null: return ""
    case .bool: return bool() ? "true" : "false"
    case .number: return numberText()
    case .string: return string()
    case .array, .object: break
    }
    var text: Text = ""
    if kind == .array {
      for element in elements() {
        let separator: Literal = text.string.isEmpty ? "" : element.kind == .object ? "; " : " "
        text = "\(text)\(separator)\(element.words)"
      }
    } else {
      for (key, member) in members() { text = "\(text)\(text.string.isEmpty ? "" : ", ")\(key) \(member.words)" }
    }
    return text.string
  }
}
