import Testing
import Wording

@Suite("bytes of texts, and numbers as texts")
struct BytesTests {
  private let texts = ["", "a", "abc", "a text that is longer than what fits into a String itself", "ä\u{1F41F}"]

  @Test("numbers of every type are written in decimal digits")
  func digits() {
    #expect(
      Wording.parts(of: "\(Int64.min) \(Int64.max) \(UInt64.max) \(0 as UInt8) \(-7 as Int32)", at: 0x20) == [
        "-9223372036854775808", "9223372036854775807", "18446744073709551615", "0", "-7",
      ])
    for number in [0, 9, 10, -1, -10, 99, 100, 1_000_000] { #expect(String(number).equals(number.description)) }
  }

  @Test("a text begins with its own beginnings, and with nothing longer")
  func beginnings() {
    #expect("abc".begins(with: "") && "abc".begins(with: "ab") && "abc".begins(with: "abc"))
    #expect(!"abc".begins(with: "abcd") && !"abc".begins(with: "b") && !"".begins(with: "a"))
    // A NUL in a text is a byte like others, and in a literal its end.
    #expect("a\u{0}b".begins(with: "a") && "a\u{0}".begins(with: "a") && !"a\u{0}b".begins(with: "ab") && !"a\u{0}".equals("a"))
    let slice = Array("xabc".utf8)[1...]
    #expect(slice.begins(with: "ab") && !slice.begins(with: "xa") && !slice.begins(with: "abcd"))
  }

  @Test("looking for bytes and cutting them off does what it does for other sequences")
  func sameAsSequences() {
    for text in texts {
      let bytes = Array(text.utf8)
      #expect(text.utf8.first == bytes.first)
      for byte: UInt8 in [0x61, 0x7A, 0xC3] { #expect(text.utf8.contains(byte) == bytes.contains(byte)) }
      #expect(text.utf8.allSatisfy { $0 < 0x80 } == bytes.allSatisfy { $0 < 0x80 })
      for count in 0..<4 {
        #expect(Array(text.utf8.dropFirst(count)) == Array(bytes.dropFirst(count)))
        #expect(Array(text.utf8.prefix(count)) == Array(bytes.prefix(count)))
      }
    }
  }
}
