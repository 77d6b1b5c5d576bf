extension String {
  /// Whether the bytes are the same. `==` on strings compares by canonical equivalence, which links the Unicode tables into the binary.
  @inline(never)
  public func equals(_ other: Literal) -> Bool { utf8.count == other.bytes.count && utf8.elementsEqual(other.bytes) }

  /// Not for literals, which are one word as a `Literal`.
  @inline(never)
  @_disfavoredOverload
  public func equals(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }

  /// Whether the bytes begin with those of `prefix`.
  @inline(never)
  public func begins(with prefix: Literal) -> Bool { utf8.starts(with: prefix.bytes) }
}
