public import Wording

/// Something that is told of a container, under the name that `runc events` has for it (types/events.go); members and elements in runc's order.
public final class Statistic {
  public enum Kind: Sendable { case null, number, text, list, members }

  /// Empty for an element of a list.
  public private(set) var name: String
  public let kind: Kind
  /// A text, or a number as JSON spells it.
  public let text: String
  /// What a list or members consist of.
  public private(set) var parts: [Statistic]

  @inline(never)
  public init(_ kind: Kind, _ name: String = "", _ text: String = "", parts: [Statistic] = []) {
    self.kind = kind
    self.name = name
    self.text = text
    self.parts = parts
  }

  /// Adds a part and gives it.
  @inline(never)
  @discardableResult
  public func add(_ kind: Kind, _ name: String = "", _ text: String = "") -> Statistic {
    let part = Statistic(kind, name, text)
    parts.append(part)
    return part
  }

  /// Adds a part under a name.
  @inline(never)
  public func add(_ part: Statistic, _ name: String) {
    part.name = name
    parts.append(part)
  }

  /// Adds a number.
  @inline(never)
  public func add(_ name: Literal, _ number: UInt64) { add(.number, name.description, String(number)) }

  /// Adds a number unless it is 0, which runc leaves out of most things.
  @inline(never)
  func addUnlessZero(_ name: Literal, _ number: UInt64) {
    if number != 0 { add(name, number) }
  }

  /// The members of this name, which are the last part or are made.
  func members(_ name: String) -> Statistic {
    if let last = parts.last, last.name.equals(name) { return last }
    return add(.members, name)
  }
}
