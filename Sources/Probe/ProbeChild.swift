public import Linux

/// Tries something in a child of this process, which gets all that comes of it: a SIGSYS from a filter, a namespace left for good. Waits for its end,
/// `milliseconds` at most, and then ends it.
///
/// - body: in the child; gives the detail of the outcome. Nothing that it owns is given back but by the end of the process.
@inline(never)
public func tryInChild(milliseconds: Int64 = 5000, _ body: () throws(Errno) -> String) -> Outcome {
  do throws(Errno) {
    var pipe = try Pipe.make()
    switch try KernelTrial.makeChild() {
    case .child:
      var report: [UInt8]
      do throws(Errno) {
        // It does not outlive the one who waits for it, and ends by itself all the same. SIGSYS leaves no core.
        try ThisProcess.setParentDeathSignal(.kill)
        try KernelTrial.endAfter(seconds: 30)
        try ThisProcess.setLimit(4, soft: 0, hard: 0)
        report = Outcome.report(nil, try body())
      } catch {
        report = Outcome.report(error, "")
      }
      // It has been open all the time; without it, or when nobody reads, there is nobody to tell.
      if let writer = pipe.writer.take() { try? writer.writeAll(report[...]) }
      exitProcess(0)
    case .parent(let child):
      pipe.writer = nil
      let (report, isWhole) = receive(pipe.takeReader(), until: monotonicMilliseconds() + milliseconds)
      if !isWhole { try? kill(child, .kill) }
      let end = reap(child)
      return Outcome(report: report, end: isWhole ? end : nil)
    }
  } catch {
    return Outcome(.unknown, errno: error)
  }
}

/// What comes of a pipe, and whether that is all.
private func receive(_ reader: consuming FileDescriptor, until end: Int64) -> (bytes: [UInt8], isWhole: Bool) {
  var bytes: [UInt8] = []
  do throws(Errno) {
    while bytes.count < 1 << 16 {
      let left = end - monotonicMilliseconds()
      if left <= 0 { return (bytes, false) }
      if try !waitForInput([reader.rawValue], timeoutMilliseconds: Int32(truncatingIfNeeded: left))[0] { continue }
      let more = try read(from: reader.rawValue)
      if more.isEmpty { return (bytes, true) }
      bytes += more
    }
  } catch {}
  return (bytes, false)
}

/// The end of a child that has closed its pipe or was killed; nil for one that the kernel does not let go, which a file system or a device may be the cause of.
private func reap(_ child: Int32) -> ExitStatus? {
  for _ in 0..<2000 {
    do throws(Errno) {
      if let end = try pollExit(of: child) { return end }
      _ = try waitForInput([], timeoutMilliseconds: 1)
    } catch {
      return nil
    }
  }
  return nil
}
