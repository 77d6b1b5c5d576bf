internal import CLinux

/// What a descriptor is waited for, or is ready for.
@frozen
public struct Readiness: OptionSet, Sendable {
  public let rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// It can be read, or has ended. The C constant is `POLLIN`.
  public static var input: Readiness { Readiness(rawValue: 1) }
  /// It takes bytes, or nobody takes them any more. The C constant is `POLLOUT`.
  public static var output: Readiness { Readiness(rawValue: 2) }
}

/// Waits until one of the descriptors is ready for what is wanted of it, and tells for what each is; at most eight; negative ones and those of which nothing is
/// wanted are passed over. The C function is `poll`.
public func waitUntilReady(_ wanted: [(descriptor: Int32, what: Readiness)], timeoutMilliseconds: Int32 = -1) throws(Errno) -> [Readiness] {
  let descriptors = wanted.map { $0.descriptor }
  let events = wanted.map { $0.what.rawValue }
  var ready = [UInt8](repeating: 0, count: wanted.count)
  _ = try checked {
    descriptors.withUnsafeBufferPointer { numbers in
      events.withUnsafeBufferPointer { events in
        ready.withUnsafeMutableBufferPointer { clinux_poll(numbers.baseAddress, events.baseAddress, $0.baseAddress, numbers.count, timeoutMilliseconds) }
      }
    }
  }
  return ready.map { Readiness(rawValue: $0) }
}

/// Whether the descriptor can be read or has ended. Does not wait, and allocates nothing. The C function is `poll`.
public func hasInput(_ descriptor: Int32) throws(Errno) -> Bool {
  var (descriptor, wanted, ready) = (descriptor, Readiness.input.rawValue, UInt8(0))
  return try checked { clinux_poll(&descriptor, &wanted, &ready, 1, 0) } > 0
}

/// Waits until one of the descriptors can be read or has ended, and tells which; at most eight; negative ones are passed over. The C function is `poll`.
public func waitForInput(_ descriptors: [Int32], timeoutMilliseconds: Int32 = -1) throws(Errno) -> [Bool] {
  try waitUntilReady(descriptors.map { ($0, .input) }, timeoutMilliseconds: timeoutMilliseconds).map { !$0.isEmpty }
}
