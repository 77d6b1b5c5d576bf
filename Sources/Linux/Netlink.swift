/// A request of rtnetlink(7): the header, a fixed part, attributes. Numbers are in the order of the machine, which is little-endian on every one that Apus runs on.
struct NetlinkRequest {
  private var bytes: [UInt8]

  /// - type: an `RTM_…` constant.
  /// - flags: `NLM_F_…` beside `NLM_F_REQUEST`.
  /// - body: the fixed part, a multiple of four bytes.
  init(_ type: UInt16, flags: UInt16, body: [UInt8]) {
    // The length comes with the end; the sequence number and the port are the kernel's to ignore.
    bytes = [0, 0, 0, 0] + littleEndian(type) + littleEndian(flags | 1) + littleEndian(UInt32(1)) + littleEndian(UInt32(0)) + body
  }

  /// Adds an attribute (rtnetlink(7), `struct rtattr`).
  mutating func add(_ type: UInt16, _ value: [UInt8]) {
    bytes += littleEndian(UInt16(value.count + 4)) + littleEndian(type) + value
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  /// The whole message.
  var message: [UInt8] { littleEndian(UInt32(bytes.count)) + bytes.dropFirst(4) }
}

/// A message that the kernel answers with.
struct NetlinkAnswer {
  /// An `RTM_…` or `NLMSG_…` constant.
  var type: UInt16
  var flags: UInt16
  /// What follows the header.
  var payload: ArraySlice<UInt8>

  /// The messages in what was received; nil when it is cut off or no such thing.
  static func all(in bytes: [UInt8]) -> [NetlinkAnswer]? {
    var answers: [NetlinkAnswer] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let length = decodedNumber(rest, 0, 4)
      guard length >= 16, length <= rest.count else { return nil }
      let flags = UInt16(decodedNumber(rest, 6, 2))
      answers.append(NetlinkAnswer(type: UInt16(decodedNumber(rest, 4, 2)), flags: flags, payload: rest.dropFirst(16).prefix(length - 16)))
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return answers
  }

  /// The first attribute of this type behind a fixed part of `skipped` bytes.
  func attribute(_ type: UInt16, after skipped: Int) -> ArraySlice<UInt8>? {
    var rest = payload.dropFirst(skipped)
    while rest.count >= 4 {
      let length = decodedNumber(rest, 0, 2)
      guard length >= 4, length <= rest.count else { return nil }
      if decodedNumber(rest, 2, 2) == Int(type) { return rest.dropFirst(4).prefix(length - 4) }
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return nil
  }

  /// A number of `count` bytes in the fixed part.
  func number(at offset: Int, _ count: Int) -> Int { decodedNumber(payload, offset, count) }
}

/// A number of up to four bytes at an offset; 0 where there are no such bytes.
private func decodedNumber(_ bytes: ArraySlice<UInt8>, _ offset: Int, _ count: Int) -> Int {
  var number = 0
  for byte in bytes.dropFirst(offset).prefix(count).reversed() { number = number << 8 | Int(byte) }
  return number
}

func littleEndian(_ number: UInt16) -> [UInt8] { [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)] }

func littleEndian(_ number: UInt32) -> [UInt8] { littleEndian(UInt16(truncatingIfNeeded: number)) + littleEndian(UInt16(truncatingIfNeeded: number >> 16)) }
