/// Splits bytes that come in pieces of any size into lines, of which none is longer than a limit: a longer one comes in parts.
///
/// Holds the beginning of one line, at most the limit, in an array that is allocated when it is needed first. Each byte is looked at twice at most, and copied
/// only if its line does not end in the piece that it came with.
final class LineSplitter {
  /// A line or a part of one.
  struct Part {
    /// Without the line feed. To be let go of before the next part is asked for, which costs a copy otherwise.
    let text: ArraySlice<UInt8>
    /// It is the first part of its line.
    let isStart: Bool
    /// It is the last one.
    let isEnd: Bool
  }

  private let limit: Int
  private var held: [UInt8] = []
  /// So many bytes of `held` were given out.
  private var given = 0
  private var isWithinLine = false

  /// - limit: bytes of a part without the line feed; 4 at least, the longest character of UTF-8.
  init(limit: Int) { self.limit = max(limit, 4) }

  /// The next part, whose bytes are taken away from `bytes`; nil when there is no whole one, and then what is left of `bytes` has been kept for later.
  func next(_ bytes: inout ArraySlice<UInt8>) -> Part? {
    forget()
    if bytes.isEmpty { return nil }
    let room = limit - held.count
    let end = lineFeed(in: bytes.prefix(room + 1))
    if let end {
      let text = take(bytes[..<end])
      bytes = bytes[(end + 1)...]
      return part(text, isEnd: true)
    }
    if bytes.count <= room {
      hold(bytes)
      bytes = []
      return nil
    }
    // The line is longer than a part may be: that it ends with the limit would have been seen.
    let cut = bytes.startIndex + room
    let moved = bytesOfCutCharacter(bytes, at: cut)
    if held.isEmpty {
      let text = bytes[..<(cut - moved)]
      bytes = bytes[(cut - moved)...]
      return part(text, isEnd: false)
    }
    hold(bytes[..<cut])
    bytes = bytes[cut...]
    given = held.count - moved
    return part(held[..<given], isEnd: false)
  }

  /// The end of the stream: what was said last without a line feed is a line as well.
  func end() -> Part? {
    forget()
    let wasWithinLine = isWithinLine
    if held.isEmpty && !wasWithinLine { return nil }
    given = held.count
    return part(held[...], isEnd: true)
  }

  private func part(_ text: ArraySlice<UInt8>, isEnd: Bool) -> Part {
    let isStart = !isWithinLine
    isWithinLine = !isEnd
    return Part(text: text, isStart: isStart, isEnd: isEnd)
  }

  /// What was held and these bytes behind it.
  private func take(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    if held.isEmpty { return bytes }
    hold(bytes)
    given = held.count
    return held[...]
  }

  private func hold(_ bytes: ArraySlice<UInt8>) {
    if held.capacity < limit { held.reserveCapacity(limit) }
    held.append(contentsOf: bytes)
  }

  /// Lets go of what was given out.
  private func forget() {
    if given == 0 { return }
    if given == held.count { held.removeAll(keepingCapacity: true) } else { held.removeFirst(given) }
    given = 0
  }

  /// How many bytes of a character in UTF-8 stand before `cut` that goes on behind it: 0 to 3. They go with the next part, so that each part is text by itself.
  private func bytesOfCutCharacter(_ bytes: ArraySlice<UInt8>, at cut: Int) -> Int {
    var count = 0
    while count < 4 {
      let place = cut - count
      // What stands before `bytes` is held.
      let byte = place >= bytes.startIndex ? bytes[place] : held[held.count - (bytes.startIndex - place)]
      if byte & 0xC0 != 0x80 { return count }
      count += 1
    }
    return 0
  }
}

/// Where the first line feed is.
@inline(never)
func lineFeed(in bytes: ArraySlice<UInt8>) -> Int? {
  bytes.withUnsafeBufferPointer { buffer in
    guard let first = buffer.baseAddress else { return nil }
    var index = 0
    while index < buffer.count {
      if first[index] == 0x0A { return bytes.startIndex + index }
      index += 1
    }
    return nil
  }
}

/// The place behind the last line feed; the beginning when there is none.
@inline(never)
func behindLastLineFeed(in bytes: ArraySlice<UInt8>) -> Int {
  bytes.withUnsafeBufferPointer { buffer in
    guard let first = buffer.baseAddress else { return bytes.startIndex }
    var index = buffer.count
    while index > 0 && first[index - 1] != 0x0A { index -= 1 }
    return bytes.startIndex + index
  }
}
