import JSON
import Testing

/// The error of a text that must not be taken.
private func fault(_ text: String, limits: JSONLimits = JSONLimits()) -> JSONError? { fault(Array(text.utf8), limits: limits) }

private func fault(_ text: [UInt8], limits: JSONLimits = JSONLimits()) -> JSONError? {
  do throws(JSONError) {
    _ = try JSONValue(parsing: text, limits: limits)
    return nil
  } catch {
    return error
  }
}

@Suite("a text is JSON or is refused with its place")
struct ParserTests {
  @Test(
    "what RFC 8259 allows is taken",
    arguments: [
      "null", " true ", "\t\r\nfalse\n", "0", "-0", "-12.5e+3", "1E-9", "\"\"", "[]", "{}", "[ ]", "{ }", "[1,[2,[3]]]", #"{"a":{"b":[]},"c":null}"#,
      #""\"\\\/\b\f\n\r\t\u00e9""#, "\"\u{7F}\u{2028}\u{10FFFF}\"", #""\ud83d\ude00""#, #"{"":1}"#,
    ])
  func taken(_ text: String) {
    #expect(fault(text) == nil)
  }

  @Test(
    "the place is a line and a character, the fault is in words",
    arguments: [
      ("", "line 1, column 1: expected a value, but the document ends"),
      ("  ", "line 1, column 3: expected a value, but the document ends"),
      ("{\n  \"a\": 1,\n  \"b\": [1 2]\n}", "line 3, column 11: expected ',' or ']'"),
      ("{\"a\":1 \"b\":2}", "line 1, column 8: expected ',' or '}'"),
      ("{\"äö\" 1}", "line 1, column 7: expected ':'"),
      ("{\"a\":1,}", "line 1, column 8: expected a key in quotation marks"),
      ("{a:1}", "line 1, column 2: expected a key in quotation marks"),
      ("[1,]", "line 1, column 4: expected a value"),
      ("[1", "line 1, column 3: expected ',' or ']', but the document ends"),
      ("{\"a\"", "line 1, column 5: expected ':', but the document ends"),
      ("{\"a\":1", "line 1, column 7: expected ',' or '}', but the document ends"),
      ("1 2", "line 1, column 3: expected nothing more after the document"),
      ("{}}", "line 1, column 3: expected nothing more after the document"),
      ("nul", "line 1, column 1: expected a value"),
      ("True", "line 1, column 1: expected a value"),
      ("'a'", "line 1, column 1: expected a value"),
      ("NaN", "line 1, column 1: expected a value"),
      ("/* a */ 1", "line 1, column 1: expected a value"),
      ("\u{A0}1", "line 1, column 1: expected a value"),
    ])
  func places(_ text: String, _ message: String) {
    #expect(fault(text)?.message == message)
  }

  @Test("numbers are JSON's, not C's", arguments: ["01", "-01", "+1", "1.", ".5", "-", "1e", "1e+", "0x10", "1_000", "--1", "Infinity", "1.e5"])
  func numbers(_ text: String) {
    #expect(fault(text) != nil)
  }

  @Test(
    "a bad string is refused at the fault",
    arguments: [
      (#""abc"#, 1, "the string has no end"), (#""a\"#, 3, "the string has no end"), (#""\x""#, 2, "no escape of JSON"), (#""\u12G4""#, 2, "no escape of JSON"),
      ("\"a\nb\"", 3, "a control character in a string must be escaped"), ("\"\u{0}\"", 2, "a control character in a string must be escaped"),
      (#""ab\ud800""#, 4, "half of a surrogate pair"), (#""\udc00""#, 2, "half of a surrogate pair"), (#""\ud800\n""#, 2, "half of a surrogate pair"),
      (#""\ud800\ud800""#, 2, "half of a surrogate pair"), (#""\ud83dx""#, 2, "half of a surrogate pair"), (#""\u12"#, 2, "the string has no end"),
    ])
  func strings(_ text: String, _ column: Int, _ reason: String) {
    #expect(fault(text) == JSONError(line: 1, column: column, reason: Text(reason)))
  }

  @Test(
    "text that is not UTF-8 is refused: cut, overlong, surrogate, above U+10FFFF, stray",
    arguments: [
      [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xC0, 0xAF], [0xC1, 0x81], [0xE0, 0x80, 0xAF], [0xF0, 0x80, 0x80, 0xAF], [0xED, 0xA0, 0x80],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xFF], [0xE2, 0x28, 0xA1],
    ] as [[UInt8]])
  func notUTF8(_ bytes: [UInt8]) {
    #expect(fault([0x22, 0x61] + bytes + [0x22]) == JSONError(line: 1, column: 3, reason: "not UTF-8"))
    // The same at the end of the text, where the character is cut by it.
    #expect(fault([0x22, 0x61] + bytes) != nil)
  }

  @Test("a byte order mark is refused")
  func byteOrderMark() {
    #expect(fault([0xEF, 0xBB, 0xBF, 0x31])?.reason == "the document begins with a byte order mark")
    #expect(fault([0xFF, 0xFE, 0x31, 0x00]) != nil)
  }

  @Test("a key that is given twice is refused, however it is written")
  func duplicates() {
    #expect(fault(#"{"a":1,"b":2,"a":3}"#)?.message == "line 1, column 14: the key 'a' is given twice")
    #expect(fault(#"{"a":1,"\u0061":3}"#)?.message == "line 1, column 8: the key 'a' is given twice")
    #expect(fault(#"{"\n":1,"\u000A":3}"#)?.reason == "the key '?' is given twice")
    #expect(fault(#"{"a":{"a":{"a":1}},"A":[{"a":1},{"a":1}]}"#) == nil)
    // é as one character and as two are different keys.
    #expect(fault("{\"\u{E9}\":1,\"e\u{301}\":2}") == nil)
  }

  @Test("the keys of a large object are compared as well", arguments: [23, 24, 25, 26, 1000])
  func manyKeys(_ count: Int) {
    let members = (0..<count).map { "\"key\($0)\": {\"x\": [\($0)]}" }
    #expect(fault("{\(members.joined(separator: ","))}") == nil)
    for index in [0, count / 2, count - 1] {
      #expect(fault("{\(members.joined(separator: ",")), \"key\(index)\": 1}")?.reason == "the key 'key\(index)' is given twice")
    }
    #expect(fault("{\(members.joined(separator: ",\n")),\n\"key0\": 1}")?.line == count + 1)
  }

  @Test("a document within its limits is taken, one beyond is not")
  func limits() {
    #expect(fault("[[[1]]]", limits: JSONLimits(depth: 3)) == nil)
    #expect(fault("[[[[1]]]]", limits: JSONLimits(depth: 3))?.message == "line 1, column 4: nested deeper than 3 levels")
    #expect(fault("[1,2,3]", limits: JSONLimits(nodes: 4)) == nil)
    #expect(fault("[1,2,3,4]", limits: JSONLimits(nodes: 4))?.message == "line 1, column 8: more than 4 values")
    #expect(fault("[1]", limits: JSONLimits(bytes: 3)) == nil)
    #expect(fault("[1] ", limits: JSONLimits(bytes: 3))?.reason == "the document is longer than 3 bytes")
    #expect(fault(String(repeating: "[", count: 100_000))?.reason == "nested deeper than 64 levels")
    #expect(fault(String(repeating: "{\"a\":", count: 100_000))?.reason == "nested deeper than 64 levels")
  }
}
