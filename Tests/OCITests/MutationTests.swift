import JSON
import OCI
import Testing

/// A small generator of numbers (SplitMix64): the same seed always makes the same mutations, so that a failure can be repeated.
private struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}

/// A real document, changed in one to four places: bytes replaced, removed, doubled or moved, the end cut off, words of JSON put in.
private func mutated(_ document: [UInt8], _ generator: inout Generator) -> [UInt8] {
  let words = [
    "null", "-1", "18446744073709551616", "1e9", "\"", "\\u0000", "\\ud800", "{", "}", "[", "]", ",", ":", "\"\"", "[[[[", "{\"a\":", "\u{FEFF}", "\n",
  ]
  var text = document
  for _ in 0..<Int.random(in: 1...4, using: &generator) where !text.isEmpty {
    let place = Int.random(in: 0..<text.count, using: &generator)
    let end = min(text.count, place + Int.random(in: 1...12, using: &generator))
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: text[place] = UInt8.random(in: 0...255, using: &generator)
    case 1: text.removeSubrange(place..<end)
    case 2: text.insert(contentsOf: text[place..<end], at: place)
    case 3: text.removeSubrange(place...)
    case 4: text.insert(contentsOf: words[Int.random(in: 0..<words.count, using: &generator)].utf8, at: place)
    default: text.replaceSubrange(place..<end, with: words[Int.random(in: 0..<words.count, using: &generator)].utf8)
    }
  }
  return text
}

@Suite("changed documents are taken or refused, never more")
struct MutationTests {
  @Test("no change of a real config.json traps, and an error stands inside the document", arguments: [1, 2, 3] as [UInt64])
  func configurations(_ seed: UInt64) {
    var generator = Generator(state: seed)
    let documents = [RealDocument.runc, RealDocument.crun]
    var refused = 0
    for round in 0..<400 {
      let text = mutated(round % 40 == 0 ? RealDocument.podman : documents[round % 2], &generator)
      if let error = place(of: text) {
        refused += 1
        #expect(isInside(text, error))
        #expect(refusal(text) == error.message)
      } else if let message = refusal(text) {
        refused += 1
        #expect(!message.utf8.isEmpty && !message.utf8.contains(0x0A))
      }
    }
    // If nothing were refused, or everything, the mutations would say nothing.
    #expect(refused > 100 && refused < 400)
  }

  @Test("nor does any change of an image's documents or a state")
  func others() {
    let hex = String(repeating: "0123456789abcdef", count: 4)
    let documents = [
      #"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:\#(hex)","size":7}]}"#,
      #"{"os":"linux","architecture":"arm64","config":{"Env":["A=b"],"Labels":{"a":"b"}},"rootfs":{"type":"layers","diff_ids":["sha256:\#(hex)"]}}"#,
      #"{"ociVersion":"1.0.2","id":"a","status":"running","pid":4422,"bundle":"/b","annotations":{"k":"v"}}"#,
    ]
    var generator = Generator(state: 4)
    var taken = 0
    for round in 0..<3000 {
      let text = mutated(Array(documents[round % 3].utf8), &generator)
      let refusals = [
        refusal { () throws(SpecError) in try ImageIndex(parsing: text) }, refusal { () throws(SpecError) in try ImageConfig(parsing: text) },
        refusal { () throws(SpecError) in try ImageManifest(parsing: text) }, refusal { () throws(SpecError) in try ContainerState(parsing: text) },
      ]
      taken += refusals.count { $0 == nil }
      for message in refusals.compactMap({ $0 }) { #expect(!message.utf8.isEmpty && !message.utf8.contains(0x0A)) }
    }
    #expect(taken > 50 && taken < 3000)
  }

  @Test("a document cut off anywhere is refused, and the error is at the cut or before it")
  func cut() throws {
    for end in 0..<(RealDocument.runc.count - 1) {
      let text = Array(RealDocument.runc[..<end])
      #expect(isInside(text, try #require(place(of: text), "cut at \(end)")))
    }
  }

  /// Whether the place of an error is a character of the text or its end.
  private func isInside(_ text: [UInt8], _ error: JSONError) -> Bool {
    let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    guard (1...lines.count).contains(error.line) else { return false }
    return (1...(lines[error.line - 1].count + 1)).contains(error.column)
  }

  /// The error of the reader; nil when the text is JSON.
  private func place(of text: [UInt8]) -> JSONError? {
    do throws(JSONError) {
      _ = try JSONValue(parsing: text)
      return nil
    } catch {
      return error
    }
  }
}
