internal import CLinux

/// Milliseconds of a clock that only goes forward, for spans of time. The C function is `clock_gettime` with `CLOCK_MONOTONIC`.
public func monotonicMilliseconds() -> Int64 { clinux_monotonic_milliseconds() }

/// A moment as a calendar and a clock show it that know no time zones: UTC, like everything else that Apus tells. A device has no zone, and what the C library
/// needs to read those of others is 4 KB.
public struct CalendarTime: Sendable, Equatable {
  public var year: UInt64
  /// 1 to 12.
  public var month: UInt64
  public var day: UInt64
  public var hour: UInt64
  public var minute: UInt64

  /// What is before 1970 is its beginning.
  public init(secondsSince1970 seconds: Int64) {
    let seconds = UInt64(max(0, seconds))
    (year, month, day) = gregorianDate(daysSince1970: seconds / 86_400)
    hour = seconds / 3600 % 24
    minute = seconds / 60 % 60
  }
}
