/// A number of bytes as Docker and Compose take it: digits, and `b`, or `k`, `m` or `g` for powers of 1024, which a `b` may follow; nil when it is none, or does
/// not fit.
public func byteCount(_ text: String) -> Int64? {
  var digits = Array(text.utf8)[...]
  var factor: Int64 = 1
  if let last = digits.last, last | 0x20 == 0x62 { digits.removeLast() }
  if let last = digits.last {
    switch last | 0x20 {
    case 0x6B: factor = 1 << 10
    case 0x6D: factor = 1 << 20
    case 0x67: factor = 1 << 30
    default: break
    }
    if factor > 1 { digits.removeLast() }
  }
  guard let number = natural(digits) else { return nil }
  let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
  return overflow ? nil : bytes
}

/// A number of processors, such as `2` or `0.5`, as microseconds of each 100,000; nil when it is none, does not fit, or asks for less than the kernel's
/// smallest share of 1,000 microseconds.
public func processorQuota(_ text: String) -> Int64? {
  let (whole, fraction) = cut(text, at: ".")
  guard let processors = wholeNumber(whole), processors <= 1_000_000 else { return nil }
  var quota = processors * 100_000
  if let fraction {
    // Digits behind the fifth are below one microsecond.
    guard fraction.utf8.count <= 18, wholeNumber(fraction) != nil else { return nil }
    var unit: Int64 = 10_000
    for digit in Array(fraction.utf8).prefix(5) {
      quota += Int64(digit - 0x30) * unit
      unit /= 10
    }
  }
  return quota >= 1000 ? quota : nil
}

/// Decimal digits only; nil for anything else, for nothing, and for what does not fit.
public func wholeNumber(_ text: String) -> Int64? { natural(Array(text.utf8)[...]) }

private func natural(_ digits: ArraySlice<UInt8>) -> Int64? { decimal(digits).flatMap { Int64(exactly: $0) } }
