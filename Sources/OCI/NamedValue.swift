/// A value that a document spells as one of a few fixed names, such as a namespace type or a seccomp action.
public protocol NamedValue: CaseIterable, Equatable, Sendable {
  /// The name as the document spells it.
  var name: String { get }
}

extension NamedValue {
  /// The value that the document calls `name`; nil when there is none.
  ///
  /// Bytes are compared: a raw-value enum of strings would compare by canonical equivalence, which links the Unicode tables into the binary.
  public init?(named name: String) {
    for candidate in Self.allCases where candidate.name.utf8.elementsEqual(name.utf8) {
      self = candidate
      return
    }
    return nil
  }
}
