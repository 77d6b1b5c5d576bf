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
      // An offset such as +01:00 is how far that clock is ahead.
      let offset = Array(rest)
      guard offset.count == 6, offset[0] == 0x2B || offset[0] == 0x2D, offset[3] == 0x3A, let hours = decimal(offset[1..<3]), hours < 24,
        let minutes = decimal(offset[4...]), minutes < 60
      else { return nil }
      let ahead = hours * 3600 + minutes * 60
      if offset[0] == 0x2B && ahead > seconds { return nil }
      seconds = offset[0] == 0x2B ? seconds - ahead : seconds + ahead
    }
    self.init(seconds: seconds, nanoseconds: UInt32(truncatingIfNeeded: nanoseconds))
  }

  /// The seconds from 1970 to `2026-02-28T23:59:59`, with which the bytes begin.
  @inline(never)
  private static func secondsOfDate(_ bytes: [UInt8]) -> UInt64? {
    var numbers: [UInt64] = []
    var number: UInt64 = 0
    for (place, mark) in ("0000-00-00T00:00:00." as Literal).bytes.enumerated() {
      let byte = bytes[place]
      if mark == 0x30 {
        if byte < 0x30 || byte > 0x39 { return nil }
        number = number * 10 + UInt64(byte - 0x30)
      } else {
        if byte != mark && place < 19 { return nil }
        numbers.append(number)
        number = 0
      }
    }
    let (year, month, day) = (numbers[0], numbers[1], numbers[2])
    if year < 1970 || month < 1 || month > 12 || day < 1 || numbers[3] > 23 || numbers[4] > 59 || numbers[5] > 59 { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let daysInMonth: UInt64 = month == 2 ? (isLeap ? 29 : 28) : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
    if day > daysInMonth { return nil }
    // Years from March on, as in `gregorianDate`: the leap day is the last of its year.
    let shiftedYear = month > 2 ? year : year - 1
    let shiftedMonth = month > 2 ? month - 3 : month + 9
    let days = shiftedYear * 365 + shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400 + (shiftedMonth * 153 + 2) / 5 + day - 1
    return (days - 719_468) * 86_400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5]
  }
}
