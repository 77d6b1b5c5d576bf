/// The number that the bytes write in decimal digits; nil when there are none, when another character is among them, or when it is above `UInt64.max`.
///
/// Zeros may stand in front. `UInt64.init(_: String)` would take a sign as well.
@inline(never)
public func decimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
  if digits.isEmpty { return nil }
  var value: UInt64 = 0
  for digit in digits {
    guard digit >= 0x30, digit <= 0x39 else { return nil }
    let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
    let (sum, overflow) = product.addingReportingOverflow(UInt64(digit - 0x30))
    if tooLarge || overflow { return nil }
    value = sum
  }
  return value
}
