// What the standard library has for all sequences is made anew for each pair of types, and `split` even for each call: a quarter of a kilobyte of code and more
// each time. These functions for bytes come before it.

extension ArraySlice<UInt8> {
  /// The parts between the separators.
  @inline(never)
  public func split(separator: UInt8, maxSplits: Int = Int.max, omittingEmptySubsequences: Bool = true) -> [ArraySlice<UInt8>] {
    split(maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences) { $0 == separator }
  }

  /// The parts between the bytes that are separators.
  @inline(never)
  public func split(
    maxSplits: Int = Int.max, omittingEmptySubsequences: Bool = true, whereSeparator isSeparator: (UInt8) -> Bool
  ) -> [ArraySlice<UInt8>] {
    var parts: [ArraySlice<UInt8>] = []
    var start = startIndex
    for index in indices where parts.count < maxSplits && isSeparator(self[index]) {
      if index > start || !omittingEmptySubsequences { parts.append(self[start..<index]) }
      start = index + 1
    }
    if start < endIndex || !omittingEmptySubsequences { parts.append(self[start...]) }
    return parts
  }
}

extension [UInt8] {
  /// The parts between the separators.
  public func split(separator: UInt8, maxSplits: Int = Int.max, omittingEmptySubsequences: Bool = true) -> [ArraySlice<UInt8>] {
    self[...].split(separator: separator, maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences)
  }

  /// The words of each line, between which there are spaces.
  @inline(never)
  public var rows: [[ArraySlice<UInt8>]] { split(separator: 0x0A).map { $0.split(separator: 0x20) } }

  /// The parts between the bytes that are separators.
  public func split(
    maxSplits: Int = Int.max, omittingEmptySubsequences: Bool = true, whereSeparator isSeparator: (UInt8) -> Bool
  ) -> [ArraySlice<UInt8>] {
    self[...].split(maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences, whereSeparator: isSeparator)
  }
}

extension ArraySlice<UInt8> {
  /// Whether these are the same bytes.
  @inline(never)
  public func matches(_ other: ArraySlice<UInt8>) -> Bool { elementsEqual(other) }

  /// Whether the bytes begin with those of `prefix`.
  @inline(never)
  public func begins(with prefix: Literal) -> Bool { self.prefix(prefix.bytes.count).matches(prefix) }

  /// Whether these are the bytes of `text`.
  @inline(never)
  public func matches(_ text: Literal) -> Bool { elementsEqual(text.bytes) }
}

extension String.UTF8View {
  /// The parts between the separators.
  public func split(separator: UInt8, maxSplits: Int = Int.max, omittingEmptySubsequences: Bool = true) -> [ArraySlice<UInt8>] {
    Array(self)[...].split(separator: separator, maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences)
  }

  /// The parts between the bytes that are separators.
  public func split(whereSeparator isSeparator: (UInt8) -> Bool) -> [ArraySlice<UInt8>] { Array(self)[...].split(whereSeparator: isSeparator) }

  // A loop over the bytes of a string has the ways for all of its kinds in it, a quarter of a kilobyte; one over an array has not.

  @inline(never)
  public func contains(_ byte: UInt8) -> Bool { contains { $0 == byte } }

  @inline(never)
  public func contains(where isWanted: (UInt8) -> Bool) -> Bool {
    for byte in Array(self) where isWanted(byte) { return true }
    return false
  }

  public func allSatisfy(_ isGood: (UInt8) -> Bool) -> Bool { !contains { !isGood($0) } }

  public var first: UInt8? {
    @inline(never) get { Array(self).first }
  }

  @inline(never)
  public func dropFirst(_ count: Int) -> ArraySlice<UInt8> { Array(self).dropFirst(count) }

  @inline(never)
  public func prefix(_ count: Int) -> ArraySlice<UInt8> { Array(self).prefix(count) }

  /// Whether the bytes are the same.
  @inline(never)
  public func elementsEqual(_ other: String.UTF8View) -> Bool { count == other.count && Array(self)[...].elementsEqual(other) }

  public func elementsEqual(_ other: ArraySlice<UInt8>) -> Bool { other.elementsEqual(self) }
}

extension ArraySlice<UInt8> {
  /// Whether the bytes are the same.
  @inline(never)
  public func elementsEqual(_ other: String.UTF8View) -> Bool { count == other.count && elementsEqual(Array(other)) }
}

extension [UInt8] {
  /// Whether the bytes begin with those of `prefix`.
  public func begins(with prefix: Literal) -> Bool { self[...].begins(with: prefix) }

  /// Whether the bytes are the same.
  public func elementsEqual(_ other: String.UTF8View) -> Bool { self[...].elementsEqual(other) }
}
