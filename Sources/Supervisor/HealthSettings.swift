public import OCI

/// What a manifest says of a service's health. Times are milliseconds; nil leaves it to the image, or to Docker's default.
public final class HealthSettings {
  public internal(set) var isDisabled = false
  public internal(set) var test: HealthCheck.Test?
  public internal(set) var interval: UInt64?
  public internal(set) var timeout: UInt64?
  public internal(set) var retries: UInt64?
  public internal(set) var startPeriod: UInt64?
  public internal(set) var startInterval: UInt64?

  init() {}

  /// The check of the container: the manifest's test, or else the image's; each time and number that the manifest does not give is the image's, or the default.
  /// Nil when there is no test, or it is disabled; Docker, too, has no check where the image's test is of no known form.
  public func check(imageSays image: Healthcheck?) -> HealthCheck? {
    guard !isDisabled, let test = test ?? image.flatMap({ HealthCheck.Test($0.test) }) else { return nil }
    let defaults = HealthCheck(test: test)
    return HealthCheck(
      test: test, interval: interval ?? milliseconds(image?.interval) ?? defaults.interval,
      timeout: timeout ?? milliseconds(image?.timeout) ?? defaults.timeout, retries: retries ?? given(image?.retries) ?? defaults.retries,
      startPeriod: startPeriod ?? milliseconds(image?.startPeriod) ?? defaults.startPeriod,
      startInterval: startInterval ?? milliseconds(image?.startInterval) ?? defaults.startInterval)
  }
}

extension HealthCheck.Test {
  /// Docker's form: `CMD` and arguments, or `CMD-SHELL` and one line for the container's shell. Nil for anything else.
  init?(_ words: [String]) {
    guard let form = words.first, words.count > 1 else { return nil }
    if form.equals("CMD") {
      self = .command(Array(words.dropFirst()))
    } else if form.equals("CMD-SHELL"), words.count == 2 {
      self = .command(["/bin/sh", "-c", words[1]])
    } else {
      return nil
    }
  }
}

/// Docker's nanoseconds, of which 0 is "not given"; what is begun of a millisecond counts as one.
private func milliseconds(_ nanoseconds: Int64?) -> UInt64? { given(nanoseconds).map { ($0 - 1) / 1_000_000 + 1 } }

private func given(_ number: Int64?) -> UInt64? {
  guard let number, number > 0 else { return nil }
  return UInt64(number)
}
