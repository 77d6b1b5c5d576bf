/// Writes a document as it is described, without a tree of it: `writer.object { $0.member("id", id) }`.
///
/// Commas, indentation and escapes are the writer's; one value at the top, and keys only inside `object`, are the caller's.
public struct JSONWriter: Sendable {
  /// How the document is laid out.
  public enum Layout: Sendable {
    /// No space at all.
    case compact
    /// Two spaces for each level, one member in a line, a newline at the end.
    case pretty
  }

  private var output: [UInt8] = []
  private let layout: Layout
  private var depth = 0
  /// Whether the container that is open holds nothing yet.
  private var isEmpty = true
  private var isAfterKey = false

  public init(_ layout: Layout = .compact) { self.layout = layout }

  /// The document as UTF-8.
  public consuming func bytes() -> [UInt8] {
    if layout == .pretty { output.append(0x0A) }
    return output
  }

  // MARK: values

  /// Writes `null`.
  public mutating func null() { word("null") }

  /// Writes `true` or `false`.
  public mutating func value(_ bool: Bool) { word(bool ? "true" : "false") }

  /// Writes an integer, exactly.
  public mutating func value(_ integer: some FixedWidthInteger) {
    begin()
    output.append(contentsOf: String(integer).utf8)
  }

  /// Writes a number as it is spelled, such as `0.25`; the spelling is the caller's.
  public mutating func number(_ text: String) {
    begin()
    output.append(contentsOf: text.utf8)
  }

  /// Writes a string with the escapes that it needs.
  public mutating func value(_ string: String) {
    begin()
    quote(string)
  }

  /// An object whose members `body` writes.
  public mutating func object(_ body: (inout JSONWriter) -> Void) { container(0x7B, 0x7D, body) }

  /// An array whose elements `body` writes.
  public mutating func array(_ body: (inout JSONWriter) -> Void) { container(0x5B, 0x5D, body) }

  // MARK: members

  /// The key of the next value.
  public mutating func key(_ key: String) {
    begin()
    quote(key)
    output.append(0x3A)
    if layout == .pretty { output.append(0x20) }
    isAfterKey = true
  }

  /// Writes a key and a boolean.
  public mutating func member(_ key: String, _ bool: Bool) {
    self.key(key)
    value(bool)
  }

  /// Writes a key and an integer.
  public mutating func member(_ key: String, _ integer: some FixedWidthInteger) {
    self.key(key)
    value(integer)
  }

  /// Writes a key and a string.
  public mutating func member(_ key: String, _ string: String) {
    self.key(key)
    value(string)
  }

  /// Writes a key and an array of strings.
  @inline(never)
  public mutating func strings(_ key: String, _ strings: [String]) {
    self.key(key)
    array { array in for string in strings { array.value(string) } }
  }

  // MARK: inside

  private mutating func container(_ opening: UInt8, _ closing: UInt8, _ body: (inout JSONWriter) -> Void) {
    begin()
    output.append(opening)
    depth += 1
    isEmpty = true
    body(&self)
    depth -= 1
    if !isEmpty { newLine() }
    isEmpty = false
    output.append(closing)
  }

  private mutating func word(_ word: Literal) {
    begin()
    output.append(contentsOf: word.bytes)
  }

  /// What stands before a value or a key: nothing after a key, else the comma and the new line of a container.
  private mutating func begin() {
    if isAfterKey {
      isAfterKey = false
      return
    }
    if !isEmpty { output.append(0x2C) }
    isEmpty = false
    if depth > 0 { newLine() }
  }

  private mutating func newLine() {
    if layout == .compact { return }
    output.append(0x0A)
    output.append(contentsOf: repeatElement(0x20, count: depth * 2))
  }

  private mutating func quote(_ string: String) {
    output.append(0x22)
    for byte in Array(string.utf8) {
      switch byte {
      case 0x22, 0x5C: escape(byte)
      case 0x0A: escape(0x6E)
      case 0x0D: escape(0x72)
      case 0x09: escape(0x74)
      case 0x00...0x1F:
        escape(0x75)
        for digit in [0x30, 0x30, hexDigit(byte >> 4), hexDigit(byte & 15)] { output.append(digit) }
      default: output.append(byte)
      }
    }
    output.append(0x22)
  }

  private mutating func escape(_ letter: UInt8) {
    output.append(0x5C)
    output.append(letter)
  }

  private func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10 }
}
