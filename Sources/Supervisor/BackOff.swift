/// How long a service waits before it is started again.
struct BackOff {
  /// The last delay without its jitter, milliseconds; nil: the next one is the first.
  private var last: UInt64?

  init() { last = nil }

  /// The next delay, milliseconds; `ran` is how long the service ran before it ended.
  mutating func next(_ policy: RestartPolicy, ran: UInt64, random: UInt64) -> UInt64 {
    if ran >= policy.resetAfter { last = nil }
    var delay = policy.firstDelay
    if let last { delay = last > policy.longestDelay / 2 ? policy.longestDelay : last * 2 }
    if delay > policy.longestDelay { delay = policy.longestDelay }
    last = delay
    let (product, overflow) = delay.multipliedReportingOverflow(by: policy.jitter)
    let longestJitter = overflow ? delay : product / 1000
    return delay.adding(longestJitter == .max ? random : random % (longestJitter + 1))
  }
}

extension UInt64 {
  /// The sum, or the largest number where that is too large: as a time it is never.
  @inline(never)
  func adding(_ more: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(more)
    return overflow ? .max : sum
  }

  /// The milliseconds from `earlier` to this time; 0 where that is not earlier.
  @inline(never)
  func since(_ earlier: UInt64) -> UInt64 { self > earlier ? self - earlier : 0 }
}
