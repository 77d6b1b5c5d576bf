import Testing

@testable import Linux

@Suite("a signal is given by name or number")
struct SignalNameTests {
  @Test(
    "names count with and without SIG, in any case",
    arguments: [
      ("TERM", 15), ("SIGTERM", 15), ("sigterm", 15), ("Hup", 1), ("9", 9), ("64", 64), ("SIGSYS", 31), ("CLD", 17), ("RTMIN", 34), ("SIGRTMIN+3", 37),
      ("rtmax", 64), ("RTMAX-2", 62), ("RTMIN+30", 64),
    ])
  func known(_ text: String, _ number: Int32) { #expect(Signal(named: text)?.rawValue == number) }

  @Test(
    "anything else is none",
    arguments: ["", "0", "65", "-1", "SIG", "SIGSIGTERM", "TERMX", "TER", "RTMIN-1", "RTMAX+1", "RTMIN+", "RTMIN+31", "RTM", "99999999999"])
  func unknown(_ text: String) { #expect(Signal(named: text) == nil) }
}
