extension OptionSet {
  /// The flags of both: `.path | .directory`. A literal of several makes an array first, which Embedded Swift does not get rid of: 50 bytes of code for each.
  @inline(__always)
  public static func | (left: Self, right: Self) -> Self { left.union(right) }
}
