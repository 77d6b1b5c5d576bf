internal import CLinux

/// A moment by the system's clock, which on a board without a battery begins in 1970 at every start; the kernel sets no time before that.
public struct Timestamp: Sendable {
  /// Since 1970-01-01T00:00:00Z.
  public var seconds: UInt64
  public var nanoseconds: UInt32

  public init(seconds: UInt64, nanoseconds: UInt32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// The present moment. The C function is `clock_gettime` with `CLOCK_REALTIME`, which does not fail.
  public static func now() -> Timestamp {
    var seconds: Int64 = 0
    var nanoseconds: UInt32 = 0
    _ = clinux_real_time(&seconds, &nanoseconds)
    return Timestamp(seconds: UInt64(max(0, seconds)), nanoseconds: nanoseconds)
  }

  /// In whole seconds and UTC, as RFC 3339 writes it: `2026-02-28T23:59:59Z`.
  public var text: String { String(decoding: dateAndTime + [0x5A], as: UTF8.self) }

  /// With nine digits behind the second, which sort as the moments do: `2026-02-28T23:59:59.000000001Z`.
  public var preciseText: String {
    var text = dateAndTime
    text.append(0x2E)
    append(UInt64(nanoseconds), digits: 9, to: &text)
    text.append(0x5A)
    return String(decoding: text, as: UTF8.self)
  }

  private var dateAndTime: [UInt8] {
    let second = seconds % 86_400
    let date = gregorianDate(daysSince1970: seconds / 86_400)
    var text: [UInt8] = []
    append(date.year, digits: 4, to: &text)
    text.append(0x2D)
    append(date.month, digits: 2, to: &text)
    text.append(0x2D)
    append(date.day, digits: 2, to: &text)
    text.append(0x54)
    append(second / 3600, digits: 2, to: &text)
    text.append(0x3A)
    append(second / 60 % 60, digits: 2, to: &text)
    text.append(0x3A)
    append(second % 60, digits: 2, to: &text)
    return text
  }
}

/// The date of a day.
///
/// Years are counted from March here: the leap day is the last of them, and 400 years have always the same number of days.
func gregorianDate(daysSince1970 days: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
  let daysOf400Years = 146_097 as UInt64
  // From 0000-03-01, which is 719,468 days before 1970-01-01.
  let shifted = days + 719_468
  let era = shifted / daysOf400Years
  var day = shifted % daysOf400Years
  // The last day of an era and of a fourth year is a leap day more than the years before have: it does not begin another one.
  let century = min(day / 36_524, 3)
  day -= century * 36_524
  let leapCycle = day / 1461
  day -= leapCycle * 1461
  let yearOfCycle = min(day / 365, 3)
  day -= yearOfCycle * 365
  // From March on, 153 days for each five months: 31, 30, 31, 30, 31.
  let month = (day * 5 + 2) / 153
  day -= (month * 153 + 2) / 5
  let year = era * 400 + century * 100 + leapCycle * 4 + yearOfCycle
  return month < 10 ? (year, month + 3, day + 1) : (year + 1, month - 9, day + 1)
}

private func append(_ number: UInt64, digits count: Int, to text: inout [UInt8]) {
  var unit = 1 as UInt64
  for _ in 1..<count { unit *= 10 }
  var rest = number
  while unit > 0 {
    text.append(0x30 + UInt8(truncatingIfNeeded: rest / unit % 10))
    rest %= unit
    unit /= 10
  }
}
