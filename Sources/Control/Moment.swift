public import Linux
internal import Supervisor

/// A moment that somebody names: by a clock, or from now.
public enum Moment: Sendable {
  case at(Timestamp)
  /// So many milliseconds before now.
  case ago(UInt64)

  /// A moment as RFC 3339 writes it, not before 1970 (`2026-02-28T23:59:59.5+01:00`), or a duration as in a manifest (`1h30m`). Nil for anything else.
  public init?(_ text: String) {
    if let time = Timestamp(rfc3339: text) {
      self = .at(time)
    } else if let time = duration(text) {
      self = .ago(time)
    } else {
      return nil
    }
  }

  /// The same moment as a text that `init` takes.
  public var text: String {
    switch self {
    case .at(let time): time.preciseText
    case .ago(let milliseconds): Text("\(milliseconds)ms").string
    }
  }
}

extension Timestamp {
  /// A moment as RFC 3339 (section 5.6) writes it, with capital letters and at most nine digits of a second's fraction. A leap second is none.
  @inline(never)
  init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, var seconds = Timestamp.secondsOfDate(bytes) else { return nil }
    var rest = bytes[19...]
    var nanoseconds: UInt64 = 0
    if rest.first == 0x2E {
      let fraction = rest.dropFirst().prefix { $0 >= 0x30 && $0 <= 0x39 }
      guard fraction.count <= 9, let number = decimal(fraction) else { return nil }
      nanoseconds = number
      for _ in fraction.count..<9 { nanoseconds *= 10 }
      rest = rest.dropFirst(fraction.count + 1)
    }
    if !rest.matches("Z") {
      let offset = Array(rest)
      guard offset.count == 6, offset[0] == 0x2B || offset[0] == 0x2D, offset[3] == 0x3A, let hours = decimal(offset[1..<3]), hours < 24,
        let minutes = decimal(offset[4...]), minutes < 60
      else { return nil }
      let east = hours * 3600 + minutes * 60
      if offset[0] == 0x2D {
        seconds += east
      } else if seconds >= east {
        seconds -= east
      } else {
        return nil
      }
    }
    self.init(seconds: seconds, nanoseconds: UInt32(truncatingIfNeeded: nanoseconds))
  }

  /// The seconds from 1970 to `2026-02-28T23:59:59`, with which the bytes begin.
  @inline(never)
  private static func secondsOfDate(_ bytes: [UInt8]) -> UInt64? {
    guard bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[10] == 0x54, bytes[13] == 0x3A, bytes[16] == 0x3A,
      let year = decimal(bytes[..<4]), let month = decimal(bytes[5..<7]), let day = decimal(bytes[8..<10]), let hour = decimal(bytes[11..<13]),
      let minute = decimal(bytes[14..<16]), let second = decimal(bytes[17..<19]), hour < 24, minute < 60, second < 60, year >= 1970, month > 0, month < 13,
      day > 0
    else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let daysInMonth: UInt64 = month == 2 ? (isLeap ? 29 : 28) : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
    if day > daysInMonth { return nil }
    // Years from March on, as in `gregorianDate`: the leap day is the last of its year.
    let shiftedYear = month > 2 ? year : year - 1
    let shiftedMonth = month > 2 ? month - 3 : month + 9
    let days = shiftedYear * 365 + shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400 + (shiftedMonth * 153 + 2) / 5 + day - 1
    return (days - 719_468) * 86_400 + hour * 3600 + minute * 60 + second
  }
}
