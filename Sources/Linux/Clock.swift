internal import CLinux

/// Milliseconds of a clock that only goes forward, for spans of time. The C function is `clock_gettime` with `CLOCK_MONOTONIC`.
public func monotonicMilliseconds() -> Int64 { clinux_monotonic_milliseconds() }

/// A moment as the clocks on the walls here show it.
public struct LocalTime: Sendable, Equatable {
  public var year: Int32
  /// 1 to 12.
  public var month: Int32
  public var day: Int32
  public var hour: Int32
  public var minute: Int32
  /// From 0.
  public var dayOfYear: Int32

  public init(year: Int32, month: Int32, day: Int32, hour: Int32, minute: Int32, dayOfYear: Int32) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.dayOfYear = dayOfYear
  }

  /// The time zone is that of the environment and of /etc/localtime, without both UTC. The C function is `localtime_r`.
  public init(secondsSince1970 seconds: Int64) throws(Errno) {
    var date = clinux_date()
    _ = try checked { clinux_local_time(seconds, &date) }
    self.init(year: date.year, month: date.month, day: date.day, hour: date.hour, minute: date.minute, dayOfYear: date.day_of_year)
  }
}
