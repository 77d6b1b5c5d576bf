internal import JSON
internal import Linux
internal import OCI

// How Compose writes what it does not write as JSON has it (compose-spec, 11-extension.md and 12-interpolation.md).

extension JSONValue {
  /// A string, in which `$$` stands for a dollar sign.
  ///
  /// A variable is refused: there is no environment on a device that it could be taken from, so it is put in on the dev box.
  @inline(never)
  func text() -> String {
    var text: [UInt8] = []
    var isOpen = false
    for byte in Array(string().utf8) {
      if byte == 0x24 {
        isOpen = !isOpen
        if isOpen { continue }
      } else if isOpen {
        break
      }
      text.append(byte)
    }
    if isOpen { refuse("a device has no variables to put in here; write '$$' for a dollar sign") }
    return Wording.string(text[...])
  }

  /// A string member; nil when it is absent.
  @inline(never)
  func text(_ key: Literal) -> String? { member(key)?.text() }

  /// A string that is not empty.
  @inline(never)
  func word() -> String {
    let word = text()
    if word.utf8.isEmpty { refuse("must not be empty") }
    return word
  }

  /// A string, or an integer or boolean as Compose would write it into one.
  @inline(never)
  func scalar() -> String {
    switch kind {
    case .number: String(integer() as Int64)
    case .bool: bool() ? "true" : "false"
    default: text()
    }
  }

  /// A boolean member; false when it is absent.
  @inline(never)
  func flag(_ key: Literal) -> Bool { bool(key) ?? false }

  /// The elements of a member that is a list, or only one of them; none when it is absent.
  @inline(never)
  func oneOrMore(_ key: Literal) -> [JSONValue] {
    guard let value = member(key) else { return [] }
    return value.kind == .string ? [value] : value.elements()
  }

  /// Refuses members that are none of these. Those that begin with `x-` are for other programs, but ours stand where they mean something.
  @inline(never)
  func permitOnly(_ keys: Literal) {
    for (key, value) in members(besides: keys) where !key.begins(with: "x-") || key.equals("x-apus") { value.refuse("unknown key") }
  }

  /// A member that is an object with no other members than these; an empty one when it is absent.
  @inline(never)
  func object(_ key: Literal, _ keys: Literal) -> JSONValue {
    guard let object = member(key) else { return JSONValue.emptyObject() }
    object.permitOnly(keys)
    return object
  }

  /// A member that is one of some words, as its position among them; the first one when it is absent.
  @inline(never)
  func choice(_ key: Literal, of words: Literal) -> UInt8 {
    guard let value = member(key) else { return 0 }
    if let number = position(of: value.string(), in: words) { return number }
    value.refuseUnknown()
    return 0
  }

  /// An integer member; the default when it is absent.
  @inline(never)
  func number(_ key: Literal, in range: ClosedRange<UInt64>, or number: UInt64) -> UInt64 { integer(key, in: range) ?? number }

  // MARK: quantities

  /// A number of bytes: an integer, or a string such as `64m`.
  @inline(never)
  func bytes(atLeast least: UInt64) -> UInt64 {
    if kind == .number { return integer(in: least...UInt64(Int64.max)) }
    guard let bytes = byteCount(text()), bytes >= Int64(least) else {
      refuse("expected a number of bytes such as '64m', not below \(least)")
      return least
    }
    return UInt64(bytes)
  }

  /// The longest time: a year in milliseconds.
  private static var longest: UInt64 { 31_536_000_000 }

  /// A member that is a duration, in milliseconds; nil when it is absent.
  @inline(never)
  func milliseconds(_ key: Literal, atLeast least: UInt64 = 1) -> UInt64? { member(key).map { $0.milliseconds(atLeast: least) } }

  @inline(never)
  private func milliseconds(atLeast least: UInt64) -> UInt64 {
    guard let time = duration(text()) else {
      refuse("expected a duration such as '1m30s' or '500ms', in whole milliseconds")
      return least
    }
    if time < least || time > JSONValue.longest { refuse("out of range: it is not between \(least) and \(JSONValue.longest) ms") }
    return time
  }

  // MARK: lists

  /// A command: a list, or a string that is split as a shell does.
  @inline(never)
  func commandLine() -> [String] {
    if kind != .string {
      var words: [String] = []
      for element in elements() { words.append(element.text()) }
      return words
    }
    if let words = shellWords(text()) { return words }
    refuse("this needs a shell: only quotes and backslashes mean something here, and they have to be closed")
    return []
  }

  /// Keys with values: an object, or a list of strings with `=` between them. No key is there twice or empty, and each has a value.
  @inline(never)
  func pairs(_ key: Literal) -> [Annotation] {
    guard let value = member(key) else { return [] }
    let isList = value.kind == .array
    var entries: [(key: String, value: JSONValue)] = []
    if isList {
      for element in value.elements() { entries.append(("", element)) }
    } else {
      entries = value.members()
    }
    let names = DistinctNames()
    var pairs: [Annotation] = []
    for (key, place) in entries {
      var pair = Annotation(key: key, value: place.scalar())
      if isList {
        let (name, behind) = cut(pair.value, at: "=")
        if behind == nil { place.refuse("expected 'KEY=VALUE'") }
        pair = Annotation(key: name, value: behind ?? "")
      }
      if pair.key.utf8.isEmpty || pair.key.utf8.contains(0x3D) { place.refuse("expected a key in front of the '='") }
      names.add(pair.key, place)
      pairs.append(pair)
    }
    names.check()
    return pairs
  }
}

/// A duration in milliseconds: numbers, of which each may have a fraction, and one of the units `us`, `ms`, `s`, `m` and `h` behind each. Nil when it is none,
/// when it is no whole number of milliseconds, and when it does not fit.
@inline(never)
public func duration(_ text: String) -> UInt64? {
  let bytes = Array(text.utf8)
  var sum: UInt64 = 0
  var at = 0
  repeat {
    var number: UInt64 = 0
    // How many parts of a unit the digits behind the point count; 0 in front of it.
    var parts: UInt64 = 0
    var isDigit = false
    while at < bytes.count, bytes[at] < 0x3A {
      let isPoint = bytes[at] == 0x2E
      if isPoint ? !isDigit || parts > 0 : bytes[at] < 0x30 { return nil }
      if isPoint {
        parts = 1
      } else {
        guard let longer = product(number, 10, plus: UInt64(bytes[at] - 0x30)), let finer = product(parts, 10, plus: 0) else { return nil }
        (number, parts) = (longer, finer)
      }
      isDigit = !isPoint
      at += 1
    }
    let start = at
    while at < bytes.count, bytes[at] >= 0x3A { at += 1 }
    guard isDigit, let place = position(of: string(bytes[start..<at]), in: "us ms s m h") else { return nil }
    var microseconds: UInt64 = 1
    for step in 0..<place { microseconds *= step < 2 ? 1000 : 60 }
    parts = max(parts, 1)
    guard let time = product(number, microseconds, plus: 0), time % parts == 0, let total = product(time / parts, 1, plus: sum) else { return nil }
    sum = total
  } while at < bytes.count
  return sum % 1000 == 0 ? sum / 1000 : nil
}

/// Nil when it does not fit.
@inline(never)
private func product(_ number: UInt64, _ factor: UInt64, plus more: UInt64) -> UInt64? {
  let (product, tooLarge) = number.multipliedReportingOverflow(by: factor)
  let (sum, alsoTooLarge) = product.addingReportingOverflow(more)
  return tooLarge || alsoTooLarge ? nil : sum
}

/// The words of a line, as Compose takes them apart (go-shellwords): spaces part words, quotes hold them together, and a backslash takes its meaning from what
/// follows, but `\n` and `\t` are what they are in C. Nil where the line needs a shell, which Compose would cut off or refuse, and where a quote is not closed.
@inline(never)
func shellWords(_ line: String) -> [String]? {
  var words: [String] = []
  var word: [UInt8] = []
  var isWord = false
  var quote: UInt8 = 0
  var isEscaped = false
  for byte in Array(line.utf8) {
    if isEscaped {
      isEscaped = false
      word.append(byte == 0x6E ? 0x0A : byte == 0x74 ? 0x09 : byte)
    } else if byte == 0x5C && quote != 0x27 {
      isEscaped = true
      isWord = true
    } else if byte == quote {
      quote = 0
    } else if quote != 0 {
      word.append(byte)
    } else {
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D:
        if isWord { words.append(string(word[...])) }
        word = []
        isWord = false
        continue
      case 0x22, 0x27: quote = byte
      // `( ) ; & | < >` and the backtick
      case 0x28, 0x29, 0x3B, 0x26, 0x7C, 0x3C, 0x3E, 0x60: return nil
      default: word.append(byte)
      }
      isWord = true
    }
  }
  if isEscaped || quote != 0 { return nil }
  if isWord { words.append(string(word[...])) }
  return words
}
