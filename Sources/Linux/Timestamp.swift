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
  public var text: String {
    var text: [UInt8] = []
    appendDateAndTime(to: &text)
    text.append(0x5A)
    return String(decoding: text, as: UTF8.self)
  }

  /// With nine digits behind the second, which sort as the moments do: `2026-02-28T23:59:59.000000001Z`.
  public var preciseText: String {
    var text: [UInt8] = []
    appendPreciseText(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Adds the 30 bytes of `preciseText`. A year has four digits: what is behind 9999 is the last second of that.
  @inline(never)
  public func appendPreciseText(to text: inout [UInt8]) {
    appendDateAndTime(to: &text)
    text.append(0x2E)
    append(UInt64(min(nanoseconds, 999_999_999)), digits: 9, to: &text)
    text.append(0x5A)
  }

  /// The moment whose `preciseText` these bytes are; nil when they are anything else.
  @inline(never)
  public init?(preciseText text: ArraySlice<UInt8>) {
    let start = text.startIndex
    guard text.count == 30, text[start + 19] == 0x2E, text[start + 29] == 0x5A, let nanoseconds = decimal(text[(start + 20)..<(start + 29)]) else { return nil }
    var numbers = InlineArray<6, UInt64>(repeating: 0)
    // The year has four digits, which stand at the place of two digits and of two more behind them.
    var place = start + 2
    for index in 0..<6 {
      guard let number = decimal(text[(index == 0 ? start : place)..<(place + 2)]) else { return nil }
      numbers[index] = number
      place += 3
    }
    guard text[start + 4] == 0x2D, text[start + 7] == 0x2D, text[start + 10] == 0x54, text[start + 13] == 0x3A, text[start + 16] == 0x3A else { return nil }
    guard numbers[0] >= 1970, numbers[3] < 24, numbers[4] < 60, numbers[5] < 60, let days = days(year: numbers[0], month: numbers[1], day: numbers[2]) else {
      return nil
    }
    self.init(seconds: days * 86_400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5], nanoseconds: UInt32(truncatingIfNeeded: nanoseconds))
  }

  public func precedes(_ other: Timestamp) -> Bool { seconds == other.seconds ? nanoseconds < other.nanoseconds : seconds < other.seconds }

  private func appendDateAndTime(to text: inout [UInt8]) {
    let seconds = min(seconds, 253_402_300_799)
    let second = seconds % 86_400
    let date = gregorianDate(daysSince1970: seconds / 86_400)
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
  }
}

/// The days from 1970-01-01 to a day, which is not before it; nil when there is no such day.
private func days(year: UInt64, month: UInt64, day: UInt64) -> UInt64? {
  if month < 1 || month > 12 || day < 1 { return nil }
  // Years from March on, as in `gregorianDate`.
  let yearFromMarch = month > 2 ? year : year - 1
  let monthFromMarch = month > 2 ? month - 3 : month + 9
  let leapDays = yearFromMarch / 4 - yearFromMarch / 100 + yearFromMarch / 400
  let days = yearFromMarch * 365 + leapDays + (monthFromMarch * 153 + 2) / 5 + day - 1 - 719_468
  // The 31st of a month of 30 days would be the first of the next one.
  return gregorianDate(daysSince1970: days).day == day ? days : nil
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
