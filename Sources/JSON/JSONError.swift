/// Why a text is not a JSON document that is taken here.
public final class JSONError: Error, Sendable {
  /// The line, counted from 1.
  public let line: Int
  /// The character in the line, counted from 1. A byte that belongs to no character counts as one.
  public let column: Int
  /// What is wrong: `expected ',' or '}'`.
  public let reason: String

  @inline(never)
  public init(line: Int, column: Int, reason: Text) {
    self.line = line
    self.column = column
    self.reason = reason.string
  }

  /// The error at a byte offset of `input`.
  @inline(never)
  convenience init(in input: [UInt8], at offset: Int, _ reason: Text) {
    var line = 1
    var column = 1
    for byte in input[..<offset] {
      if byte == 0x0A {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    self.init(line: line, column: column, reason: reason)
  }

  /// One sentence: `line 3, column 17: expected ',' or '}'`. The name of the file is put in front where it is known.
  public var message: String { Text("line \(line), column \(column): \(reason)").string }
}

/// Why a document that is JSON does not say what it must: the place and the fault.
public final class JSONPathError: Error, Sendable {
  /// The place: `linux.resources.memory.limit`, `mounts[3].destination`, `annotations["a.b"]`; empty for the whole document.
  public let path: String
  /// The fault: `missing`, `expected an integer, found a string`.
  public let reason: String

  @inline(never)
  public init(path: String, reason: Text) {
    self.path = path
    self.reason = reason.string
  }
}

extension JSONError: Equatable {
  public static func == (left: JSONError, right: JSONError) -> Bool {
    left.line == right.line && left.column == right.column && left.reason.equals(right.reason)
  }
}

extension JSONPathError: Equatable {
  public static func == (left: JSONPathError, right: JSONPathError) -> Bool { left.path.equals(right.path) && left.reason.equals(right.reason) }
}
