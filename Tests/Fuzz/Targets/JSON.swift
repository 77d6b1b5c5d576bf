@testable import JSON

/// Any document: what is read is written, in both layouts, and read again as the same; a number is the one that Swift's own parser finds.
func fuzzJSON(_ input: [UInt8]) {
  let value: JSONValue
  do throws(JSONError) {
    value = try JSONValue(parsing: input)
  } catch {
    require(error.line >= 1 && error.column >= 1 && error.column <= input.count + 1, "an error has a place in the document")
    return requireLine(error.message)
  }
  // A string with a NUL is refused by whoever asks for it.
  guard let compact = document(value, .compact), let pretty = document(value, .pretty) else { return }
  require(!compact.contains(0x0A), "a compact document is one line")
  do throws(JSONError) {
    let again = try JSONValue(parsing: compact)
    require(isSame(value, again), "a document is read as it was written")
    require(isSame(value, try JSONValue(parsing: pretty)), "a document is read as it was written in lines")
    require(document(again, .compact) == compact, "a document is written the same again")
  } catch { fatalError("a document that was written is refused: \(error.message)") }
}

private func document(_ value: JSONValue, _ layout: JSONWriter.Layout) -> [UInt8]? {
  var writer = JSONWriter(layout)
  do throws(JSONPathError) {
    try write(value, &writer)
  } catch {
    requireLine(error.reason)
    return nil
  }
  return writer.bytes()
}

private func write(_ value: JSONValue, _ writer: inout JSONWriter) throws(JSONPathError) {
  var failure: JSONPathError?
  switch value.kind {
  case .null: writer.null()
  case .bool: writer.value(try value.bool())
  case .string: writer.value(try value.string())
  case .number:
    let text = try value.numberText()
    requireNumber(value, text)
    writer.number(text)
  case .array:
    let elements = try value.elements()
    writer.array { writer in
      for element in elements { do throws(JSONPathError) { try write(element, &writer) } catch { failure = error } }
    }
  case .object:
    let members = try value.members()
    writer.object { writer in
      for (key, member) in members {
        writer.key(key)
        do throws(JSONPathError) { try write(member, &writer) } catch {
          failure = error
          writer.null()
        }
      }
    }
  }
  if let failure { throw failure }
}

private func requireNumber(_ value: JSONValue, _ text: String) {
  let signed: Int64? = try? value.integer()
  let unsigned: UInt64? = try? value.integer()
  let short: Int16? = try? value.integer(in: -5...300)
  require(signed == Int64(text), "a signed integer is exact, or refused")
  require(unsigned == UInt64(text) || text.utf8.elementsEqual("-0".utf8), "an integer without a sign is exact, or refused")
  require(short == Int16(text).flatMap { (-5...300).contains($0) ? $0 : nil }, "an integer is within its bounds, or refused")
}

private func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
  if left.kind != right.kind { return false }
  do throws(JSONPathError) {
    switch left.kind {
    case .null: return true
    case .bool: return try left.bool() == right.bool()
    case .string: return try left.string().utf8.elementsEqual(right.string().utf8)
    case .number: return try left.numberText().utf8.elementsEqual(right.numberText().utf8)
    case .array:
      let (one, other) = (try left.elements(), try right.elements())
      return one.count == other.count && zip(one, other).allSatisfy { isSame($0, $1) }
    case .object:
      let (one, other) = (try left.members(), try right.members())
      return one.count == other.count && zip(one, other).allSatisfy { $0.key.utf8.elementsEqual($1.key.utf8) && isSame($0.value, $1.value) }
    }
  } catch { return false }
}
