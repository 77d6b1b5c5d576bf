import JSON
import Testing

private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

/// The fault that a getter notes, as `path: reason`.
private func fault<Value>(_ json: JSONValue, _ get: (JSONValue) -> Value) -> String? {
  _ = get(json)
  do throws(JSONPathError) {
    try json.check()
    return nil
  } catch {
    return "\(error.path): \(error.reason)"
  }
}

@Suite("a value is what its getter says, or an error names its place")
struct ValueTests {
  @Test("integers are exact to the ends of their types")
  func integers() throws {
    #expect(try parse("9223372036854775807").integer() as Int64 == Int64.max)
    #expect(try parse("-9223372036854775808").integer() as Int64 == Int64.min)
    #expect(try parse("18446744073709551615").integer() as UInt64 == UInt64.max)
    #expect(try parse("9007199254740993").integer() as Int64 == 9_007_199_254_740_993)
    #expect(try parse("-0").integer() as UInt32 == 0)
    #expect(try parse("-1").integer() as Int32 == -1)
    #expect(try parse("65535").integer() as UInt16 == 65535)
  }

  @Test(
    "an integer that does not fit is out of range",
    arguments: [
      ("-1", "n: out of range: -1 is not between 0 and 4294967295"), ("4294967296", "n: out of range: 4294967296 is not between 0 and 4294967295"),
      ("18446744073709551616", "n: out of range: 18446744073709551616 is not between 0 and 4294967295"),
      ("99999999999999999999999", "n: out of range: 99999999999999999999999 is not between 0 and 4294967295"),
      ("-18446744073709551615", "n: out of range: -18446744073709551615 is not between 0 and 4294967295"),
      ("1.5", "n: expected an integer, found 1.5"), ("1.0", "n: expected an integer, found 1.0"), ("1e3", "n: expected an integer, found 1e3"),
      ("\"1\"", "n: expected an integer, found a string"), ("true", "n: expected an integer, found a boolean"),
    ])
  func integerFaults(_ number: String, _ message: String) throws {
    let json = try parse("{\"n\": \(number)}")
    #expect(fault(json) { $0.required("n").integer() as UInt32 } == message)
  }

  @Test("Int64 ends where it ends")
  func int64Faults() throws {
    for text in ["9223372036854775808", "-9223372036854775809", "-18446744073709551615"] {
      let json = try parse(text)
      let expected = ": out of range: \(text) is not between -9223372036854775808 and 9223372036854775807"
      #expect(fault(json) { $0.integer() as Int64 } == expected)
    }
  }

  @Test("a range of its own is kept at both ends")
  func ranges() throws {
    #expect(try parse("-1000").integer(in: -1000...1000) as Int32 == -1000)
    let json = try parse("1001")
    #expect(fault(json) { $0.integer(in: -1000...1000) as Int32 } == ": out of range: 1001 is not between -1000 and 1000")
  }

  @Test("a range that begins above zero refuses zero and what is below", arguments: ["0", "-0", "-5", "8"])
  func positiveRange(_ number: String) throws {
    let json = try parse(number)
    #expect(fault(json) { $0.integer(in: 1...7) as Int32 } == ": out of range: \(number) is not between 1 and 7")
  }

  @Test("members are taken by their key, and absent ones are nil")
  func keyed() throws {
    let json = try parse(#"{"s": "x", "b": true, "i": -3, "n": null}"#)
    #expect(json.string("s") == "x")
    #expect(json.bool("b") == true)
    #expect(json.integer("i") as Int32? == -3)
    #expect(json.requiredInteger("i", in: -3...0) as Int64 == -3)
    for key in ["n", "absent"] as [Literal] {
      #expect(json.string(key) == nil)
      #expect(json.bool(key) == nil)
      #expect(json.integer(key) as UInt64? == nil)
      #expect(fault(json) { $0.requiredInteger(key) as UInt64 } == "\(key): missing")
    }
    #expect(fault(json) { $0.requiredInteger("i") as UInt16 } == "i: out of range: -3 is not between 0 and 65535")
  }

  @Test("members besides some words are all the others, with escapes in their keys and null as a value")
  func otherMembers() throws {
    let json = try parse(#"{"a": 1, "\u0062": 2, "ab": null, "": 3, "c d": 4}"#)
    #expect(json.members(besides: "a b").map(\.key) == ["ab", "", "c d"])
    let array = try parse("[]")
    #expect(fault(array) { $0.members(besides: "a").map(\.key) } == ": expected an object, found an array")
  }

  @Test("numbers that are no integers stay as they are written")
  func numberText() throws {
    #expect(try parse("-12.50e+03").numberText() == "-12.50e+03")
  }

  @Test("the source of a value begins with it, has its end, and ends before the next value")
  func source() throws {
    let json = try parse(#"{"a": {"b": [1, {}]}, "c": "x" , "d": [ ] }"#)
    func source(_ key: Literal) -> String { String(decoding: json.required(key).source, as: UTF8.self) }
    #expect(source("a") == #"{"b": [1, {}]}, ""#)
    #expect(source("c") == #"x" , ""#)
    #expect(source("d") == "[ ] }")
    #expect(String(decoding: json.source, as: UTF8.self) == #"{"a": {"b": [1, {}]}, "c": "x" , "d": [ ] }"#)
  }

  @Test("strings are unescaped, keys are too")
  func strings() throws {
    #expect(try parse(#""a\"\\\/\b\f\n\r\té\u00e9\u20AC\ud83d\ude00z""#).string() == "a\"\\/\u{8}\u{C}\n\r\té\u{E9}€😀z")
    #expect(try parse(#"{"\u0061b": 7}"#).required("ab").integer() as Int64 == 7)
    #expect(try parse(#"{"a\nb": 1, "c": 2}"#).members().map { $0.key } == ["a\nb", "c"])
  }

  @Test("a NUL would cut a C string, so no string has one")
  func nul() throws {
    let json = try parse(#"{"a": "x\u0000y", "m": {"k\u0000": 1}}"#)
    #expect(fault(json) { $0.required("a").string() } == "a: must not contain a NUL character")
    #expect(fault(json) { $0.required("m").members() } == "m: must not contain a NUL character")
  }

  @Test("null is absent")
  func null() throws {
    let json = try parse(#"{"a": null, "l": null}"#)
    #expect(json.member("a")?.path == nil)
    #expect(json.member("b")?.path == nil)
    #expect(json.strings("l").isEmpty)
    #expect(fault(json) { $0.required("a") } == "a: missing")
  }

  @Test("a path leads from the document to the value")
  func paths() throws {
    let json = try parse(#"{"mounts": [{}, {"options": ["a", 1]}], "linux": {"sysctl": {"net.ipv4": 1, "": {"x": 1}, "plain_-1": 1}}}"#)
    let mounts = json.required("mounts").elements()
    #expect(mounts[1].path == "mounts[1]")
    #expect(fault(mounts[0]) { $0.required("destination") } == "mounts[0].destination: missing")
    #expect(fault(mounts[1]) { $0.strings("options") } == "mounts[1].options[1]: expected a string, found a number")
    let sysctl = json.required("linux").required("sysctl").members()
    #expect(sysctl.map { $0.value.path } == [#"linux.sysctl["net.ipv4"]"#, #"linux.sysctl[""]"#, "linux.sysctl.plain_-1"])
    #expect(sysctl[1].value.required("x").path == #"linux.sysctl[""].x"#)
    #expect(json.path == "")
    #expect(fault(json) { $0.required("root") } == "root: missing")
  }

  @Test("elements of the root array have a path as well")
  func rootArray() throws {
    let json = try parse("[[1], [2, {\"a\": 1}]]")
    #expect(json.elements()[1].elements()[1].required("a").path == "[1][1].a")
  }

  @Test("a type that was not expected is named")
  func types() throws {
    for (text, found) in [("null", "null"), ("true", "a boolean"), ("1", "a number"), ("[]", "an array"), ("{}", "an object")] {
      let json = try parse(text)
      #expect(fault(json) { $0.string() } == ": expected a string, found \(found)")
    }
    let json = try parse("\"x\"")
    #expect(fault(json) { $0.bool() } == ": expected a boolean, found a string")
    #expect(fault(json) { $0.elements() } == ": expected an array, found a string")
    #expect(fault(json) { $0.members() } == ": expected an object, found a string")
    #expect(fault(json) { $0.member("a") } == ": expected an object, found a string")
    #expect(fault(json) { $0.numberText() } == ": expected a number, found a string")
  }

  @Test("a message stays one short line, whatever the document holds")
  func excerpts() throws {
    let json = try parse("{\"k\\u001b[31m\\n\": \(String(repeating: "9", count: 500)), \"\(String(repeating: "k", count: 500))\": 1}")
    let members = json.members()
    #expect(members[0].value.path == #"["k?[31m?"]"#)
    #expect(members[1].value.path.utf8.count < 64)
    let reason = fault(members[0].value) { $0.integer() as Int64 } ?? ""
    #expect(reason.utf8.count < 160)
  }

  @Test("the first fault of a document is the one that is told")
  func firstFault() throws {
    let json = try parse(#"{"a": 1, "b": {"c": 1}}"#)
    #expect(json.required("a").string() == "")
    #expect(json.required("b").bool("c") == false)
    #expect(fault(json.required("b")) { $0.required("d").integer() as Int32 } == "a: expected a string, found a number")
    #expect(fault(json) { $0.required("a").integer() as Int32 } == nil)
  }

  @Test("what is at fault is read as nothing")
  func empty() throws {
    let json = try parse(#"{"s": "x", "n": 5}"#)
    #expect(json.required("n").string() == "")
    #expect(json.required("n").elements().isEmpty)
    #expect(json.required("n").members().isEmpty)
    #expect(json.required("absent").string() == "")
    #expect(json.required("s").bool() == false)
    #expect(json.integer("s") as UInt16? == 0)
    #expect(json.integer("n", in: 6...7) as UInt16? == 0)
    #expect(json.strings("n").isEmpty)
  }

  @Test("an unknown value is shown")
  func unknown() throws {
    #expect(fault(try parse("[\"x\"]").elements()[0]) { $0.refuseUnknown() } == "[0]: unknown value 'x'")
  }
}
