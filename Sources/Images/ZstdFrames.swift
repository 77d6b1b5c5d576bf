internal import CZstd

/// Decompression of Zstandard frames, one or more, with skippable ones among them (RFC 8878, 3), a piece at a time: in some 100 KiB, and the window of the
/// frame, which is 8 MiB at most.
///
/// Nothing but frames may follow a frame.
final class ZstdFrames {
  private let unpacker: OpaquePointer
  /// Whether the input may end here: a frame has ended and none has begun since.
  private(set) var mayEnd = false

  /// Nil when there is no memory.
  init?() {
    guard let unpacker = czstd_new() else { return nil }
    self.unpacker = unpacker
  }

  deinit { czstd_free(unpacker) }

  /// Takes from the front of `input` and writes to the front of `output`; both are set to what is left of them.
  func step(_ input: inout UnsafeRawBufferPointer, _ output: inout UnsafeMutableRawBufferPointer) -> Inflater.Outcome {
    while true {
      guard let target = output.baseAddress, !output.isEmpty else { return .more }
      // Without input the library would begin to wait for another frame.
      if input.isEmpty, mayEnd { return .more }
      var taken = input.count
      var given = output.count
      let result = czstd_step(
        unpacker, input.baseAddress?.assumingMemoryBound(to: UInt8.self), &taken, target.assumingMemoryBound(to: UInt8.self), &given)
      input = UnsafeRawBufferPointer(rebasing: input[taken...])
      output = UnsafeMutableRawBufferPointer(rebasing: output[given...])
      mayEnd = result == czstd_frame_end
      switch result {
      case czstd_frame_end: break
      case czstd_more: if taken == 0 && given == 0 || input.isEmpty && given == 0 || output.isEmpty { return .more }
      case czstd_no_memory: return .noMemory
      case czstd_window_too_large: return .windowTooLarge
      default: return .damaged
      }
    }
  }
}
