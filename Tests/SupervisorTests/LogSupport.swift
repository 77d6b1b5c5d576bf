import Linux
import Testing

@testable import Supervisor

/// A directory of logs on a medium that does what tests ask it for: it fails, it is slow, the power fails.
final class LogMedium {
  /// What is in the files; a compressed one counts as a quarter of its bytes.
  var files: [String: [UInt8]] = [:]
  /// The most bytes that all files had together.
  private(set) var most: UInt64 = 0
  var time = Timestamp(seconds: 1)

  func size(_ name: String) -> UInt64 { UInt64(files[name]?.count ?? 0) / (name.contains(".gz") ? 4 : 1) }

  var found: [LogFile] { files.keys.sorted().compactMap { LogFile(name: $0, size: size($0)) } }

  func open(_ sizes: LogSizes) -> LogFiles {
    LogFiles(sizes, found: found.reversed(), endsWithLineFeed: files["current.log"].map { $0.isEmpty || $0.last == 0x0A } ?? true)
  }

  /// Does a step; returns the bytes that were written, or nothing when it was given up. An append may be of fewer bytes than the step says.
  func perform(_ step: LogStep, _ batch: ArraySlice<UInt8>, atMost limit: Int = .max) -> Int? {
    var written = 0
    switch step {
    case .mend:
      let bytes = LogFiles.mending(time)
      files["current.log", default: []] += bytes
      written = bytes.count
    case .append(let count):
      written = min(count, limit)
      files["current.log", default: []] += batch.prefix(written)
    case .rotate(let number):
      #expect(files["\(number).log"] == nil, "nothing is overwritten")
      files["\(number).log"] = files.removeValue(forKey: "current.log")
    case .delete(let file):
      #expect(files.removeValue(forKey: file.name) != nil, "\(file.name) is there")
    case .compress(let number, let most):
      if let whole = files["\(number).log"] { files["\(number).log.gz.part"] = whole }
      written = Int(size("\(number).log.gz.part"))
      if written > most {
        files["\(number).log.gz.part"] = nil
        return nil
      }
    case .publish(let number): files["\(number).log.gz"] = files.removeValue(forKey: "\(number).log.gz.part")
    }
    most = max(most, files.keys.reduce(0) { $0 + size($1) })
    return written
  }

  /// The names in the order in which they were written; of a file that is there twice, one.
  var names: [String] {
    let numbers = Set(found.filter { $0.kind == .full || $0.kind == .compressed }.map(\.number)).sorted()
    return numbers.map { files["\($0).log.gz"] != nil ? "\($0).log.gz" : "\($0).log" } + (files["current.log"] == nil ? [] : ["current.log"])
  }

  /// All that is in the files, as it was written.
  var contents: [UInt8] { names.flatMap { files[$0] ?? [] } }

  /// Writes the batch of a log, and stops after so many steps or bytes. Whether all was written.
  @discardableResult
  func write(_ log: ContainerLog, _ files: LogFiles, at now: UInt64, steps: Int = .max, bytes: Int = .max) -> Bool {
    var (steps, bytes) = (steps, bytes)
    while steps > 0, let step = files.next(log.buffer.rest, isWithinRecord: log.buffer.isWithinRecord) {
      guard let written = perform(step, log.buffer.rest, atMost: bytes) else { break }
      files.did(step, size: UInt64(written))
      steps -= 1
      if case .append(let count) = step {
        log.buffer.wrote(written)
        bytes -= written
        if written < count { break }
      }
    }
    log.buffer.finish(at: now)
    return log.buffer.rest.isEmpty
  }

  func tidy(_ files: LogFiles) {
    while let step = files.nextUpkeep() { finish(step, files) }
  }

  /// Does a step that writes nothing of a batch, and tells what became of it.
  func finish(_ step: LogStep, _ files: LogFiles) {
    if let written = perform(step, []) { return files.did(step, size: UInt64(written)) }
    if case .compress(let number, _) = step { files.gaveUp(number) }
  }
}

/// The records in bytes that are all in one piece.
func records(_ bytes: [UInt8]) -> (records: [(header: LogHeader, text: String)], damaged: UInt64) {
  let reader = LogReader()
  var records: [(header: LogHeader, text: String)] = []
  reader.add(bytes[...])
  while let record = reader.next() { records.append((record.header, String(decoding: record.text, as: UTF8.self))) }
  reader.end()
  return (records, reader.damaged)
}

/// The lines of a stream that are in records, whose parts are put together again; without an end, the last one is none.
func lines(_ records: [(header: LogHeader, text: String)], _ stream: LogStream) -> [String] {
  var lines: [String] = []
  var line = ""
  for record in records where record.header.stream == stream && record.header.kind != .note {
    line += record.text
    if record.header.kind == .full {
      lines.append(line)
      line = ""
    }
  }
  return lines
}

func policy(size: UInt64 = 8192, files: UInt64 = 3, line: UInt64 = 100, buffer: UInt64 = 8192, rate: UInt64 = 0) -> LogPolicy {
  let policy = LogPolicy()
  (policy.fileSize, policy.files, policy.lineSize, policy.buffer, policy.rate) = (size, files, line, buffer, rate)
  return policy
}
