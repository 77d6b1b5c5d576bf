import Testing

@testable import Supervisor

@Suite("values as Compose writes them")
struct ComposeValueTests {
  @Test(
    "durations are sums of numbers with units",
    arguments: [
      ("1s", 1000), ("1m30s", 90_000), ("1h5m30s20ms", 3_930_020), ("500ms", 500), ("1500us", nil), ("2000us", 2), ("0s", 0), ("1.5s", 1500), ("0.1m", 6000),
      ("0.0005s", nil), ("0.00050s", nil), ("0.001000s", 1), ("0.05m", 3000), ("0.0000001m", nil), ("0.00000000000001h", nil), ("1s1s", 2000),
      ("", nil), ("1", nil), ("s", nil), ("-1s", nil), ("1 s", nil), ("1S", nil), ("1d", nil), ("1.s", nil), (".5s", nil), ("1.2.3s", nil), ("1s ", nil),
      ("1s2", nil),
      ("18446744073709551615us", nil), ("18446744073709551615h", nil), ("5124095576h", 18_446_744_073_600_000), ("5124095577h", nil), ("١s", nil),
    ] as [(String, UInt64?)])
  func durations(_ text: String, _ milliseconds: UInt64?) { #expect(duration(text) == milliseconds) }

  @Test(
    "a line is taken apart as a shell does",
    arguments: [
      ("", []), ("  ", []), ("a", ["a"]), (" a  b\tc\n", ["a", "b", "c"]), ("'a b' \"c d\"", ["a b", "c d"]), ("a'b'\"c\"d", ["abcd"]), ("'' \"\"", ["", ""]),
      (#"a\ b"#, ["a b"]), (#"'a\b'"#, [#"a\b"#]), (#""a\"b""#, [#"a"b"#]), (#"a\\b"#, [#"a\b"#]), (#""'" '"'"#, ["'", "\""]), (#"a\nb\tc"#, ["a\nb\tc"]),
      ("'a;b|c' \"d&e\"", ["a;b|c", "d&e"]), (#"a\;b"#, ["a;b"]), ("a=$HOME #x", ["a=$HOME", "#x"]), ("ä 'ö'", ["ä", "ö"]),
      ("a;b", nil), ("a | b", nil), ("a && b", nil), ("a > b", nil), ("a < b", nil), ("`a`", nil), ("$(a)", nil), ("a)", nil), ("'a", nil), ("\"a", nil),
      (#"a\"#, nil),
    ] as [(String, [String]?)])
  func lines(_ line: String, _ words: [String]?) { #expect(shellWords(line) == words) }
}
