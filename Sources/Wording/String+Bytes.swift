extension String {
  /// Whether the bytes are the same. `==` on strings compares by canonical equivalence, which links the Unicode tables into the binary.
  @inline(never)
  public func equals(_ other: StaticString) -> Bool {
    utf8.count == other.utf8CodeUnitCount && other.withUTF8Buffer { other in utf8.elementsEqual(other) }
  }

  @inline(never)
  public func equals(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }

  /// Whether the bytes begin with those of `prefix`.
  @inline(never)
  public func begins(with prefix: StaticString) -> Bool {
    prefix.withUTF8Buffer { prefix in utf8.starts(with: prefix) }
  }
}
