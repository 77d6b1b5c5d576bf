internal import OCI

/// A source of bytes: gives the next ones, which stay where they are until it is asked again; none at the end.
typealias ByteSource = () throws(LayerError) -> UnsafeRawBufferPointer

/// What comes out of a stream of bytes when it is decompressed, as its reader asks for it, in the decompressor's own memory.
final class Unpacker {
  private let source: ByteSource
  /// One of them.
  private let inflater: Inflater?
  private let frames: ZstdFrames?
  /// What the source has given and has not been decompressed yet.
  private(set) var input = UnsafeRawBufferPointer(start: nil, count: 0)
  private var hasEnded = false

  /// Nil when there is no memory.
  init?(_ compression: LayerCompression, source: @escaping ByteSource) {
    let inflater = compression == .gzip ? Inflater() : nil
    let frames = compression == .zstd ? ZstdFrames() : nil
    guard inflater != nil || frames != nil else { return nil }
    self.source = source
    self.inflater = inflater
    self.frames = frames
  }

  /// Fills `output`, but for the last bytes of the stream; 0 is the end of one that is whole.
  func read(into output: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    var room = output
    while !room.isEmpty {
      if input.isEmpty, !hasEnded {
        input = try source()
        hasEnded = input.isEmpty
      }
      let isLast = input.isEmpty && hasEnded
      let before = room.count
      try check(inflater?.step(&input, &room) ?? frames?.step(&input, &room))
      if isLast, room.count == before { break }
    }
    if room.count == output.count {
      guard inflater?.mayEnd ?? frames?.mayEnd ?? true else { throw LayerError(.truncated) }
    }
    return output.count - room.count
  }

  private func check(_ outcome: Inflater.Outcome?) throws(LayerError) {
    switch outcome {
    case .more, nil: return
    case .damaged: throw LayerError(inflater == nil ? .notZstd : .notGzip)
    case .windowTooLarge: throw LayerError(.windowTooLarge)
    case .garbageAfterEnd: throw LayerError(.garbageAfterGzip)
    case .noMemory: throw LayerError(.noMemory)
    }
  }
}
