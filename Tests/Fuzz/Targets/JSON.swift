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
  write(value, &writer)
  do throws(JSONPathError) {
    try value.check()
  } catch {
    requireLine(error.reason)
    return nil
  }
  return writer.bytes()
}

private func write(_ value: JSONValue, _ writer: inout JSONWriter) {
  switch value.kind {
  case .null: writer.null()
  case .bool: writer.value(value.bool())
  case .string: writer.value(value.string())
  case .number:
    let text = value.numberText()
    requireNumber(value, text)
    writer.number(text)
  case .array:
    let elements = value.elements()
    writer.array { writer in
      for element in elements { write(element, &writer) }
    }
  case .object:
    let members = value.members()
    writer.object { writer in
      for (key, member) in members {
        writer.key(key)
        write(member, &writer)
      }
    }
  }
}

/// What a getter gives; nil when it notes a fault. What was noted before is forgotten.
private func taken<Value>(_ value: JSONValue, _ get: (JSONValue) -> Value) -> Value? {
  try? value.check()
  let got = get(value)
  do throws(JSONPathError) {
    try value.check()
    return got
  } catch {
    return nil
  }
}

private func requireNumber(_ value: JSONValue, _ text: String) {
  // On a document of its own: a fault here is none of the document that is written.
  guard let number = try? JSONValue(parsing: Array(text.utf8)) else { fatalError("a number is a document") }
  let signed: Int64? = taken(number) { $0.integer() }
  let unsigned: UInt64? = taken(number) { $0.integer() }
  let short: Int16? = taken(number) { $0.integer(in: -5...300) }
  require(signed == Int64(text), "a signed integer is exact, or refused")
  require(unsigned == UInt64(text) || text.utf8.elementsEqual("-0".utf8), "an integer without a sign is exact, or refused")
  require(short == Int16(text).flatMap { (-5...300).contains($0) ? $0 : nil }, "an integer is within its bounds, or refused")
}

private func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
  if left.kind != right.kind { return false }
  switch left.kind {
  case .null: return true
  case .bool: return left.bool() == right.bool()
  case .string: return left.string().utf8.elementsEqual(right.string().utf8)
  case .number: return left.numberText().utf8.elementsEqual(right.numberText().utf8)
  case .array:
    let (one, other) = (left.elements(), right.elements())
    return one.count == other.count && zip(one, other).allSatisfy { isSame($0, $1) }
  case .object:
    let (one, other) = (left.members(), right.members())
    return one.count == other.count && zip(one, other).allSatisfy { $0.key.utf8.elementsEqual($1.key.utf8) && isSame($0.value, $1.value) }
  }
}
