/// How many lines a container may say in a second: a token bucket, which holds what a second allows.
///
/// Once it is empty nothing passes until it is half full again. Otherwise a container that says too much would get one line through, then some lines dropped
/// and a note of that, then one line again: more notes than the rate allows lines. So there are two notes a second at most.
struct LineRate {
  /// Lines a second; 0: all pass.
  let rate: UInt64
  /// Thousandths of a line, at most what a second allows.
  private var tokens: UInt64
  private var isClosed = false
  private var last: UInt64

  init(_ rate: UInt64, at now: UInt64) {
    // A thousand of them for each line still fit.
    self.rate = min(rate, UInt64.max / 1000)
    tokens = self.rate * 1000
    last = now
  }

  /// Whether a line passes. Times are milliseconds of the monotonic clock; one that goes back is as one that stands still.
  mutating func passes(at now: UInt64) -> Bool {
    if rate == 0 { return true }
    let full = rate * 1000
    let elapsed = min(now.since(last), 1000)
    if now > last { last = now }
    tokens = elapsed < 1000 ? min(full, tokens.adding(elapsed * rate)) : full
    if isClosed && tokens < full / 2 { return false }
    isClosed = tokens < 1000
    if isClosed { return false }
    tokens -= 1000
    return true
  }
}
