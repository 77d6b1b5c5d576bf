import JSON
import Testing

private func written(_ layout: JSONWriter.Layout = .compact, _ body: (inout JSONWriter) -> Void) -> String {
  var writer = JSONWriter(layout)
  body(&writer)
  return String(decoding: writer.bytes(), as: UTF8.self)
}

@Suite("what is written can be read, and looks as it should")
struct WriterTests {
  private func sample(_ writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("a", 1)
      writer.member("b", "x")
      writer.key("c")
      writer.array { writer in
        writer.value(true)
        writer.null()
        writer.object { $0.member("d", false) }
        writer.array { _ in }
      }
      writer.key("e")
      writer.object { _ in }
    }
  }

  @Test("compact has no space")
  func compact() {
    #expect(written(.compact, sample) == #"{"a":1,"b":"x","c":[true,null,{"d":false},[]],"e":{}}"#)
  }

  @Test("pretty has a line for each member, and empty containers stay closed")
  func pretty() {
    #expect(
      written(.pretty, sample) == """
        {
          "a": 1,
          "b": "x",
          "c": [
            true,
            null,
            {
              "d": false
            },
            []
          ],
          "e": {}
        }

        """)
  }

  @Test("integers are written exactly")
  func integers() {
    #expect(
      written { writer in
        writer.array { writer in
          writer.value(Int64.min)
          writer.value(UInt64.max)
          writer.value(-0)
        }
      } == "[-9223372036854775808,18446744073709551615,0]")
  }

  @Test("only what must be escaped is escaped")
  func escapes() {
    #expect(written { $0.value("a\"b\\c/\n\r\t\u{8}\u{1F}\u{0}é😀\u{7F}") } == #""a\"b\\c/\n\r\t\u0008\u001f\u0000é😀"# + "\u{7F}\"")
  }

  @Test("every character below U+0100 comes back")
  func roundTrip() throws {
    for code in UInt8(1)...255 {
      let text = "x\(Unicode.Scalar(code))y"
      let bytes = Array(written { $0.object { $0.member(text, text) } }.utf8)
      let member = try JSONValue(parsing: bytes).members()[0]
      #expect(Array(member.key.utf8) == Array(text.utf8))
      #expect(Array(member.value.string().utf8) == Array(text.utf8))
    }
  }

  @Test("a scalar alone is a document")
  func scalar() {
    #expect(written { $0.value("a") } == "\"a\"")
    #expect(written(.pretty) { $0.value(1) } == "1\n")
  }
}
