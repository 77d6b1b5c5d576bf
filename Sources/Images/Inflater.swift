internal import CZlib

/// Decompression of a gzip stream of one or more members (RFC 1952, 2.2), a piece at a time, in some 45 KiB of memory.
///
/// Zero bytes after the last member are taken and ignored, because some builders pad with them; anything else there is an error.
final class Inflater {
  enum Outcome: Equatable {
    /// More input or more room is needed.
    case more
    /// It is not gzip or is damaged, in what was given last.
    case damaged
    /// Something that is neither a member nor zeros comes after a member.
    case garbageAfterEnd
    case noMemory
    /// A Zstandard frame needs more memory than it may.
    case windowTooLarge
  }

  private enum State { case inMember, betweenMembers, padding }

  private let inflater: OpaquePointer
  private var state = State.inMember

  /// Nil when there is no memory.
  init?() {
    guard let inflater = czlib_new() else { return nil }
    self.inflater = inflater
  }

  deinit { czlib_free(inflater) }

  /// Whether the input may end here: a member has ended and none has begun since.
  var mayEnd: Bool { state != .inMember }

  /// Takes from the front of `input` and writes to the front of `output`; both are set to what is left of them.
  func step(_ input: inout UnsafeRawBufferPointer, _ output: inout UnsafeMutableRawBufferPointer) -> Outcome {
    while true {
      switch state {
      case .padding:
        if input.contains(where: { $0 != 0 }) { return .garbageAfterEnd }
        input = UnsafeRawBufferPointer(rebasing: input[input.count...])
        return .more
      case .betweenMembers:
        guard let first = input.first else { return .more }
        if first == 0 {
          state = .padding
        } else if first == 0x1F {
          if czlib_next_member(inflater) != czlib_more { return .damaged }
          state = .inMember
        } else {
          return .garbageAfterEnd
        }
      case .inMember:
        if output.isEmpty { return .more }
        var taken = input.count
        var given = output.count
        guard let target = output.baseAddress else { return .more }
        let result = czlib_step(
          inflater, input.baseAddress?.assumingMemoryBound(to: UInt8.self), &taken, target.assumingMemoryBound(to: UInt8.self), &given)
        input = UnsafeRawBufferPointer(rebasing: input[taken...])
        output = UnsafeMutableRawBufferPointer(rebasing: output[given...])
        switch result {
        case czlib_member_end: state = .betweenMembers
        case czlib_more: if taken == 0 && given == 0 || input.isEmpty || output.isEmpty { return .more }
        case czlib_no_memory: return .noMemory
        default: return .damaged
        }
      }
    }
  }
}
