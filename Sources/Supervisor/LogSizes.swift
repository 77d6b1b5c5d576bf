internal import Wording

/// What the logs of a container may take up: what its policy asks for, within what the application may have.
public final class LogSizes {
  /// Bytes of a file, after which the next one is begun.
  public let file: UInt64
  /// How many files there are, the one that is written included.
  public let files: UInt64
  /// Bytes of a part of a line. A line is never longer than the policy says; it is split into smaller parts than that when a file or the buffer has no room for
  /// it.
  public let part: Int
  /// Bytes that wait in memory.
  public let buffer: Int
  /// Lines a second; 0: there is no limit.
  public let rate: UInt64

  /// The longest part of a line that is written or read.
  public static var longestPart: UInt64 { 65_536 }
  static var smallestPart: Int { 16 }
  /// The longest record, with its line feed.
  public static var longestRecord: Int { Int(longestPart) + LogHeader.longest + 1 }
  /// Nothing below it makes sense for a file or a buffer.
  public static var smallest: UInt64 { 4096 }
  static var largestBuffer: UInt64 { 16 << 20 }
  /// Bytes for the notes that may be due before a record, and at the end of a log: of lines dropped for either reason, and of a line of each stream that lacks
  /// its end.
  static var notes: Int { 2 * (LogHeader.longest + LogNote.longest + 1) + 2 * (LogHeader.longest + 1) }

  /// - bytes: what all files of the container may have together.
  public init(_ policy: LogPolicy, bytes: UInt64) {
    // With less than a smallest file each, there are fewer files.
    files = max(1, min(policy.files, bytes / LogSizes.smallest))
    file = max(LogSizes.smallest, min(policy.fileSize, bytes / files))
    let buffer = max(LogSizes.smallest, min(policy.buffer, LogSizes.largestBuffer))
    self.buffer = Int(buffer)
    // A file has room for a record at least, and a half of the buffer for one with the notes before it and those at the end.
    let room = Int(min(file / 2, buffer / 4)) - LogHeader.longest - 1
    part = max(LogSizes.smallestPart, min(Int(min(policy.lineSize, LogSizes.longestPart)), room))
    rate = policy.rate
  }

  /// Bytes of all files at most.
  public var total: UInt64 { file.orMost(times: files) }

  /// What a policy asks for; nothing when no logs are kept.
  static func wanted(_ policy: LogPolicy) -> UInt64 { policy.isKept ? max(LogSizes.smallest, policy.fileSize.orMost(times: policy.files)) : 0 }
}

extension Manifest {
  /// What the logs of each service may take up, in the order of the services.
  ///
  /// The bytes of `x-apus.log_total` are shared out beforehand: who wants no more than an equal share of what is left gets what it wants, and the others share
  /// the rest equally. So no monitor has to know what the others have written, the total holds at every moment, and a service that says much takes nothing from
  /// one that says little.
  public func logSizes() -> [LogSizes] {
    var shares = services.map { LogSizes.wanted($0.logs) }
    if let logTotal { share(logTotal, among: &shares) }
    var sizes: [LogSizes] = []
    for (index, service) in services.enumerated() { sizes.append(LogSizes(service.logs, bytes: shares[index])) }
    return sizes
  }

  /// The least `log_total` that gives each service with logs a file.
  var leastLogTotal: UInt64 {
    var least: UInt64 = 0
    for service in services where service.logs.isKept { least += LogSizes.smallest }
    return least
  }
}

/// Cuts down what is wanted to fair shares of `total`, in n log n.
private func share(_ total: UInt64, among wanted: inout [UInt64]) {
  let wishes = wanted
  var left = total
  var count = UInt64(wishes.count)
  for index in indices(wishes.count, { wishes[$0] < wishes[$1] }) {
    let share = min(wishes[index], left / count)
    wanted[index] = share
    left -= share
    count -= 1
  }
}

extension UInt64 {
  /// The product, or the largest number where that is too large.
  fileprivate func orMost(times other: UInt64) -> UInt64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
