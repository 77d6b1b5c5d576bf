import Linux
import Testing

@Suite("decimal numbers in bytes")
struct DecimalTests {
  @Test(
    "the whole range, with zeros in front",
    arguments: [("0", 0), ("7", 7), ("007", 7), ("4294967296", 4_294_967_296), ("18446744073709551615", UInt64.max)] as [(String, UInt64)])
  func numbers(_ text: String, _ number: UInt64) { #expect(decimal(Array(text.utf8)[...]) == number) }

  @Test("anything else is none", arguments: ["", "-1", "+1", " 1", "1 ", "1\n", "1a", "0x1", "1.0", "18446744073709551616", "99999999999999999999999"])
  func none(_ text: String) { #expect(decimal(Array(text.utf8)[...]) == nil) }
}
