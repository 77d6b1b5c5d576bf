public import Linux

/// What came of trying a feature.
public struct Outcome: Equatable, Sendable {
  public enum State: Sendable {
    case present
    case absent
    /// A seccomp filter, a security module, or a lack of rights is in the way; the kernel may have it.
    case forbidden
    /// It could not be tried, or the try did not end.
    case unknown
  }

  public var state: State
  /// The kernel's answer, where it is one.
  public var errno: Errno?
  /// The signal that ended the try.
  public var signal: Int32?
  /// What else came of it, such as a version.
  public var detail = ""

  public init(_ state: State, errno: Errno? = nil, signal: Int32? = nil, detail: String = "") {
    self.state = state
    self.errno = errno
    self.signal = signal
    self.detail = detail
  }

  public static func == (left: Outcome, right: Outcome) -> Bool {
    left.state == right.state && left.errno == right.errno && left.signal == right.signal && left.detail.equals(right.detail)
  }

  /// From the answer that the try got.
  public init(_ errno: Errno) {
    // EPERM and EACCES; 0 is what a try says that could not be made.
    if errno == Outcome.untried {
      self.init(.unknown, detail: "it could not be tried here")
    } else {
      self.init(errno == .notPermitted || errno == .permissionDenied ? .forbidden : .absent, errno: errno)
    }
  }

  /// From what a child that tried it has sent and how it ended; nil for one that did not end in time.
  ///
  /// The report is the errno in four bytes, and the detail. SIGSYS is how a filter ends who makes a call (SECCOMP_RET_KILL, SECCOMP_RET_TRAP).
  public init(report: [UInt8], end: ExitStatus?) {
    guard let end else {
      self.init(.unknown, detail: "it took too long")
      return
    }
    switch end {
    case .signalled(let number): self.init(number == 31 ? .forbidden : .unknown, signal: number)
    case .exited where report.count < 4: self.init(.unknown, detail: "the process that tried it has not answered")
    case .exited:
      var number: UInt32 = 0
      for byte in report.prefix(4).reversed() { number = number << 8 | UInt32(byte) }
      if number == 0 {
        self.init(.present)
      } else {
        self.init(Errno(rawValue: number == .max ? 0 : Int32(truncatingIfNeeded: number)))
      }
      if report.count > 4 { detail = string(report[4...]) }
    }
  }

  /// What a child sends.
  static func report(_ errno: Errno?, _ detail: String) -> [UInt8] {
    var number = errno.map { $0 == untried ? UInt32.max : UInt32(truncatingIfNeeded: $0.rawValue) } ?? 0
    var report: [UInt8] = []
    for _ in 0..<4 {
      report.append(UInt8(truncatingIfNeeded: number))
      number >>= 8
    }
    return report + Array(detail.utf8)
  }

  /// Thrown where a try cannot be made.
  static var untried: Errno { Errno(rawValue: 0) }

  /// In a few words: `present`, `forbidden: killed by signal 31`, `absent: invalid argument`.
  public var text: String {
    let word: Literal
    switch state {
    case .present: word = "present"
    case .absent: word = "absent"
    case .forbidden: word = "forbidden"
    case .unknown: word = "not known"
    }
    var text = Text("\(word)").string
    if let errno { text = Text("\(text): \(errno.message)").string }
    if let signal { text = Text("\(text): killed by signal \(signal)\(signal == 31 ? " (a seccomp filter)" : "")").string }
    if !detail.utf8.isEmpty { text = Text("\(text): \(detail)").string }
    return text
  }
}
