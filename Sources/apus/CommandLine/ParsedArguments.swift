internal import Linux

/// What a command line says: options by their id, and operands.
final class ParsedArguments {
  private struct Given {
    let option: OptionID
    let value: String
  }

  private var given: [Given] = []
  /// The words that are no options, in their order.
  private(set) var operands: [String] = []
  /// What follows the first operand where that belongs to somebody else: the container's command, or the words behind the program's own options.
  private(set) var rest: [String] = []

  /// Takes `words` apart.
  ///
  /// Options stand anywhere among the operands. `--name VALUE` and `--name=VALUE` are the same, as are `-n VALUE`, `-nVALUE` and `-n=VALUE`; the letters of
  /// flags may stand behind one dash. A value is the next word, whatever it looks like. Behind `--` there are only operands. A dash alone is an operand.
  ///
  /// - Parameter stopsAtOperand: everything behind the first operand goes to `rest` as it is.
  init(_ words: ArraySlice<String>, options: [OptionID], stopsAtOperand: Bool = false) throws(ArgumentError) {
    var words = words
    var onlyOperands = false
    while let word = words.popFirst() {
      let bytes = Array(word.utf8)
      if onlyOperands || bytes.count < 2 || bytes[0] != dash {
        operands.append(word)
        if stopsAtOperand {
          rest = Array(words)
          return
        }
      } else if bytes[1] != dash {
        try takeLetters(of: bytes, options, &words)
      } else if bytes.count == 2 {
        onlyOperands = true
      } else {
        try takeLong(bytes, options, &words)
      }
    }
  }

  /// Takes a word such as `--name` or `--name=VALUE`.
  private func takeLong(_ word: [UInt8], _ options: [OptionID], _ words: inout ArraySlice<String>) throws(ArgumentError) {
    let end = word.firstIndex(of: equalsSign) ?? word.count
    let spelling = String(decoding: word[..<end], as: UTF8.self)
    guard let option = options.first(where: { $0.isCalled(word[2..<end], isLetter: false) }) else {
      throw .unknownOption(spelling)
    }
    let attached = end == word.count ? nil : word[(end + 1)...]
    try take(option, spelling, attached, &words)
  }

  /// Takes a word such as `-t`, `-dt`, `-b DIR` or `-bDIR`.
  private func takeLetters(of word: [UInt8], _ options: [OptionID], _ words: inout ArraySlice<String>) throws(ArgumentError) {
    var index = 1
    while index < word.count {
      let letter = word[index]
      index += 1
      guard let option = options.first(where: { $0.isCalled([letter], isLetter: true) }) else {
        // The word as it stands: what is wrong in `-colour` is not its letter.
        throw .unknownOption(String(decoding: word, as: UTF8.self))
      }
      let isFlag = option.spec.placeholder == nil
      var attached: ArraySlice<UInt8>?
      if index < word.count, !isFlag || word[index] == equalsSign { attached = word[index] == equalsSign ? word[(index + 1)...] : word[index...] }
      try take(option, String(decoding: [dash, letter], as: UTF8.self), attached, &words)
      if attached != nil { return }
    }
  }

  private func take(
    _ option: OptionID, _ spelling: String, _ attached: ArraySlice<UInt8>?, _ words: inout ArraySlice<String>
  ) throws(ArgumentError) {
    if option.spec.placeholder == nil {
      if attached != nil { throw .takesNoValue(spelling) }
      given.append(Given(option: option, value: ""))
    } else if let attached {
      given.append(Given(option: option, value: String(decoding: attached, as: UTF8.self)))
    } else if let word = words.popFirst() {
      given.append(Given(option: option, value: word))
    } else {
      throw .needsValue(spelling)
    }
  }

  /// `rest` as a command for the container: one `--` may mark where it begins.
  var command: [String] {
    rest.first.map { $0.equals("--") } ?? false ? Array(rest.dropFirst()) : rest
  }

  /// Whether the option was given.
  @inline(never)
  func flag(_ option: OptionID) -> Bool { given.contains { $0.option == option } }

  /// The option's value, the last if it was given more than once; nil if it was not.
  @inline(never)
  func value(_ option: OptionID) -> String? { given.last { $0.option == option }?.value }

  /// Every value of an option that may be given more than once.
  @inline(never)
  func values(_ option: OptionID) -> [String] {
    var values: [String] = []
    for item in given where item.option == option { values.append(item.value) }
    return values
  }
}

/// Why a command line cannot be taken apart; each case has the option as it was spelled.
enum ArgumentError: Error, Equatable {
  case unknownOption(String)
  case needsValue(String)
  case takesNoValue(String)

  var message: String {
    switch self {
    case .unknownOption(let option): Text("unknown option \(option)").string
    case .needsValue(let option): Text("option \(option) needs a value").string
    case .takesNoValue(let option): Text("option \(option) takes no value").string
    }
  }
}

private var dash: UInt8 { 0x2D }
private var equalsSign: UInt8 { 0x3D }
