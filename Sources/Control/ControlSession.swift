/// One connection of a client: from bytes to requests that are permitted, and from answers to bytes. Makes no system call and knows no time.
///
/// Whoever drives it gives it what has come while it `wantsBytes`, takes requests until there is none, answers each, and sends what `takeOutput` gives. Once it
/// `isClosing` and all of the output has been sent, the connection is shut down for writing, and closed when the client has closed it or after a short time: a
/// socket that is closed with unread bytes in it loses for the client what it has not read.
public final class ControlSession {
  private enum Phase { case readingHead, readingBody, answering, streaming, closing }

  public let caller: Caller
  private let policy: ControlPolicy
  private var parser = RequestParser(longestBody: ControlSession.longestBody)
  private var phase = Phase.readingHead
  /// The request that is being read or answered; nil: none that means something.
  private var head: RequestHead?
  private var request: ControlRequest?
  private var output: [UInt8] = []

  /// As much as a manifest may have.
  public static var longestBody: UInt64 { 256 << 10 }

  public init(_ caller: Caller, _ policy: ControlPolicy) {
    self.caller = caller
    self.policy = policy
  }

  /// It waits for the client. While a request is being answered, only the end of the connection is of interest.
  public var wantsBytes: Bool { phase == .readingHead || phase == .readingBody }
  /// Nothing of a request has come since the last one was answered: the connection can be closed without a word.
  public var isIdle: Bool { phase == .readingHead && parser.isEmpty }
  /// The connection ends behind the output.
  public var isClosing: Bool { phase == .closing }
  /// An answer is being sent piece by piece. One to HEAD has no pieces, and has ended when it has begun.
  public var isStreaming: Bool { phase == .streaming }

  public func receive(_ bytes: ArraySlice<UInt8>) { if wantsBytes { parser.append(bytes) } }

  /// What is to be sent now; it is given once.
  public func takeOutput() -> [UInt8] {
    let taken = output
    output = []
    return taken
  }

  /// The next request, which has come as a whole and is permitted; nil: more bytes have to come, or an answer. What is wrong is answered here.
  public func next() -> ControlRequest? {
    while phase == .readingHead {
      do throws(Problem) {
        head = nil
        guard let head = try parser.head() else { return nil }
        self.head = head
        let request = try ControlRequest(head)
        try policy.check(request, by: caller)
        self.request = request
        phase = .readingBody
      } catch { fail(error) }
    }
    guard phase == .readingBody, let head, let request else { return nil }
    guard let body = parser.body(of: head) else {
      if head.expectsContinue && !isToldToContinue {
        isToldToContinue = true
        output.append(contentsOf: ("HTTP/1.1 100 Continue\r\n\r\n" as Literal).bytes)
      }
      return nil
    }
    request.body = body
    phase = .answering
    return request
  }

  private var isToldToContinue = false

  /// Answers the request, or one that does not come to its end in time. What was begun as a stream cannot be answered otherwise any more.
  @inline(never)
  public func answer(_ status: HTTPStatus, _ type: ContentType, _ body: [UInt8], allowed: String = "") {
    if phase == .streaming || phase == .closing { return }
    // Where the next request begins is only known if this one has been read to its end.
    let closes = !(head?.keepsAlive ?? false) || (wantsBytes && head?.bodyLength != 0)
    output.append(contentsOf: responseHead(status, type, .bytes(body.count), closes: closes, allowed: allowed))
    if head?.method != .head { output.append(contentsOf: body) }
    finish(closes)
  }

  /// Answers that the request cannot be answered.
  public func fail(_ problem: Problem) { answer(problem.status, .problem, problem.document(), allowed: problem.allowed) }

  /// Begins an answer whose pieces come one by one.
  public func beginStream(_ type: ContentType) {
    let isChunked = head?.takesChunks ?? false
    let closes = !isChunked || !(head?.keepsAlive ?? false)
    output.append(contentsOf: responseHead(.ok, type, isChunked ? .chunked : .untilClose, closes: closes))
    phase = .streaming
    if head?.method == .head { finish(closes) }
  }

  /// A piece of the answer that was begun.
  public func send(_ bytes: ArraySlice<UInt8>) {
    if phase != .streaming { return }
    if head?.takesChunks == true { output.append(contentsOf: chunk(bytes)) } else { output.append(contentsOf: bytes) }
  }

  /// The answer that was begun has ended as it should. One that has not is one whose connection is closed without this.
  public func endStream() {
    if phase != .streaming { return }
    if head?.takesChunks == true { output.append(contentsOf: lastChunk()) }
    finish(!(head?.keepsAlive ?? false))
  }

  private func finish(_ closes: Bool) {
    phase = closes ? .closing : .readingHead
    head = nil
    request = nil
    isToldToContinue = false
  }
}
