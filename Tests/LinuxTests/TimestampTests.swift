import Testing

@testable import Linux

@Suite("moments as RFC 3339 writes them")
struct TimestampTests {
  @Test(
    "seconds since 1970 become a date and a time in UTC",
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:01Z"), (86_399, "1970-01-01T23:59:59Z"),
      (68_169_599, "1972-02-28T23:59:59Z"), (68_169_600, "1972-02-29T00:00:00Z"), (68_256_000, "1972-03-01T00:00:00Z"),
      (951_782_400, "2000-02-29T00:00:00Z"), (946_684_799, "1999-12-31T23:59:59Z"), (946_684_800, "2000-01-01T00:00:00Z"),
      (1_234_567_890, "2009-02-13T23:31:30Z"), (1_709_164_800, "2024-02-29T00:00:00Z"), (1_709_251_200, "2024-03-01T00:00:00Z"),
      (2_147_483_648, "2038-01-19T03:14:08Z"), (4_107_542_400, "2100-03-01T00:00:00Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
      (13_574_563_200, "2400-02-29T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
    ] as [(UInt64, String)])
  func dates(_ seconds: UInt64, _ text: String) { #expect(Timestamp(seconds: seconds).text == text) }

  @Test("each day of 430 years is the one after the day before")
  func everyDay() {
    var (year, month, day) = (1970, 1, 1)
    for number in 0..<157_054 as Range<UInt64> {
      let expected = [year, month, day].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: "-")
      let text = Timestamp(seconds: number * 86_400 + 43_200).text
      if text != expected + "T12:00:00Z" {
        Issue.record("\(text) is not \(expected)")
        return
      }
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      day += 1
      if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
    }
    #expect(year == 2400)
  }

  @Test("nanoseconds have nine digits")
  func precise() {
    #expect(Timestamp(seconds: 0, nanoseconds: 1).preciseText == "1970-01-01T00:00:00.000000001Z")
    #expect(Timestamp(seconds: 1, nanoseconds: 999_999_999).preciseText == "1970-01-01T00:00:01.999999999Z")
  }

  @Test(
    "a text is read as the moment that it was written for",
    arguments: [0, 1, 68_169_600, 951_782_400, 1_709_251_199, 13_574_563_200, 253_402_300_799] as [UInt64])
  func read(_ seconds: UInt64) throws {
    let text = Timestamp(seconds: seconds, nanoseconds: 90_000_001).preciseText
    let read = try #require(Timestamp(preciseText: Array(text.utf8)[...]))
    #expect(read.seconds == seconds && read.nanoseconds == 90_000_001)
  }

  @Test("there are 366 days in a leap year and 365 in others, and no others are read", arguments: [1970, 1972, 1999, 2000, 2024, 2100, 2400, 9999])
  func daysOfYears(_ year: Int) {
    var count = 0
    for month in 0..<100 {
      for day in 0..<100 {
        let digits = [month, day].map { $0 < 10 ? "0\($0)" : "\($0)" }
        if Timestamp(preciseText: Array("\(year)-\(digits[0])-\(digits[1])T00:00:00.000000000Z".utf8)[...]) != nil { count += 1 }
      }
    }
    #expect(count == (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365))
  }

  @Test("a time behind the year 9999 is the last second of that")
  func far() {
    #expect(Timestamp(seconds: 253_402_300_800).text == "9999-12-31T23:59:59Z")
    #expect(Timestamp(seconds: .max, nanoseconds: .max).preciseText == "9999-12-31T23:59:59.999999999Z")
  }

  @Test("the clock goes on")
  func now() {
    let (first, second) = (Timestamp.now(), Timestamp.now())
    #expect((first.seconds, first.nanoseconds) <= (second.seconds, second.nanoseconds) && first.nanoseconds < 1_000_000_000)
  }
}
