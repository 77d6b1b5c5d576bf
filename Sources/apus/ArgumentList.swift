internal import Linux

/// The words of a command line, taken one by one.
struct ArgumentList {
  private var words: [String]
  private var position = 0

  init(_ words: [String]) { self.words = words }

  /// The next word.
  mutating func next() -> String? {
    if position == words.count { return nil }
    position += 1
    return words[position - 1]
  }

  /// The words that are left.
  mutating func rest() -> [String] {
    let rest = Array(words[position...])
    position = words.count
    return rest
  }

  /// The next word as an option or as an operand; nil at the end. `--name=value` is taken apart, `--` is passed over and makes everything after it an operand.
  mutating func nextArgument() -> Argument? {
    guard let word = next() else { return nil }
    let bytes = Array(word.utf8)
    if onlyOperands || bytes.count < 2 || bytes[0] != dash { return .operand(word) }
    if bytes.count == 2, bytes[1] == dash {
      onlyOperands = true
      return next().map { .operand($0) }
    }
    if bytes[1] == dash, let equals = bytes.firstIndex(of: 0x3D) {
      return .option(String(decoding: bytes[..<equals], as: UTF8.self), value: String(decoding: bytes[(equals + 1)...], as: UTF8.self))
    }
    return .option(word, value: nil)
  }

  /// The value of an option: what stood behind `=`, else the next word.
  mutating func value(of option: String, _ attached: String?) throws(Failure) -> String {
    if let attached { return attached }
    guard let word = next() else { throw .usage("option \(option) needs a value") }
    return word
  }

  private var onlyOperands = false
  private var dash: UInt8 { 0x2D }
}

/// A word of a command line.
enum Argument {
  /// A word that begins with a dash, and the value that stands behind `=`.
  case option(String, value: String?)
  case operand(String)
}

/// Throws when an option that takes no value has one.
func refuseValue(of option: String, _ value: String?) throws(Failure) {
  if value != nil { throw .usage("option \(option) takes no value") }
}
