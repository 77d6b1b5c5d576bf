internal import JSON

/// Names of one kind, of which no two may be the same.
final class DistinctNames {
  private var names: [ArraySlice<UInt8>] = []
  /// Where each stands in the document.
  private var places: [JSONValue] = []

  init() {}

  @inline(never)
  func add(_ name: String, _ place: JSONValue) {
    names.append(Array(name.utf8)[...])
    places.append(place)
  }

  /// Refuses a name that has been there before. Sorted, because a document may have a great many.
  @inline(never)
  func check() {
    var before: Int?
    for index in order(of: names) {
      if let before, names[before].matches(names[index]) { return places[index].refuse(quoting: names[index], "is given twice") }
      before = index
    }
  }
}

extension JSONValue {
  /// Notes that this value is at fault, with some of its text in front of the reason: `'x' is given twice`.
  @inline(never)
  func refuse(quoting text: ArraySlice<UInt8>, _ reason: Literal) { refuse("'\(excerpt(text))' \(reason)") }

  @inline(never)
  func refuse(quoting text: String, _ reason: Literal) { refuse(quoting: Array(text.utf8)[...], reason) }
}
