internal import CZlib

/// Compression to gzip (RFC 1952), a piece at a time, in some 50 KiB of memory.
///
/// It finds repetitions within 16 to 32 KiB and writes them with the codes that deflate has built in (RFC 1951, 3.2.6), in one block. zlib's own would take 25 KB of
/// code, and at its fastest makes what is kept here, tar headers, no smaller (docs/decisions/kept-headers.md).
public final class Deflater {
  /// What has been compressed since it was taken out of here.
  public var output: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
  /// The first half is what repetitions are found in once it has been compressed; the second half is what comes in.
  private let window: UnsafeMutableRawBufferPointer
  /// Where four bytes with such a hash stood last; 0 is nowhere.
  private let places: UnsafeMutableBufferPointer<UInt16>
  private var filled = 0
  private var done = 0
  /// Bits that are no whole byte yet, the first one lowest. It begins with those of a last block with built-in codes.
  private var bits: UInt64 = 0b011
  private var bitCount: UInt64 = 3
  private var checksum: UInt32 = 0
  private var count: UInt32 = 0

  private static var half: Int { 16384 }
  private static var hashBits: UInt32 { 12 }
  /// The shortest repetition that is looked for; deflate knows three bytes, which seldom pay.
  private static var shortest: Int { 4 }
  private static var longest: Int { 258 }

  public init() {
    window = .allocate(byteCount: Deflater.half * 2, alignment: 16)
    places = .allocate(capacity: 1 << Deflater.hashBits)
    places.initialize(repeating: 0)
  }

  deinit {
    window.deallocate()
    places.deallocate()
  }

  /// Takes bytes; some of what they become is in `output`.
  public func add(_ bytes: UnsafeRawBufferPointer) {
    checksum = czlib_checksum(checksum, bytes.baseAddress, bytes.count)
    count &+= UInt32(truncatingIfNeeded: bytes.count)
    var rest = bytes
    while !rest.isEmpty {
      if filled == window.count { slide() }
      let taken = min(rest.count, window.count - filled)
      UnsafeMutableRawBufferPointer(rebasing: window[filled...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<taken]))
      filled += taken
      rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
      if filled == window.count { compress() }
    }
  }

  /// Ends the stream: nothing can be added after it, and all of it is in `output`.
  public func finish() {
    compress()
    // The end of the block, and what fills up its last byte.
    put(0, 7)
    put(0, (8 - bitCount % 8) % 8)
    for number in [checksum, count] { put(UInt64(number), 32) }
  }

  /// Forgets the older half of the window.
  private func slide() {
    window.copyMemory(from: UnsafeRawBufferPointer(rebasing: window[Deflater.half...]))
    filled = Deflater.half
    done = Deflater.half
    for index in places.indices { places[index] = places[index] > UInt16(Deflater.half) ? places[index] - UInt16(Deflater.half) : 0 }
  }

  private func compress() {
    while done < filled {
      // The first is for what comes in blocks, as headers do: the same field of the one before.
      let candidates = (done - 512, filled - done < Deflater.shortest ? 0 : Int(places[hash()]))
      var length = repeated(from: candidates.0)
      var distance = 512
      let other = repeated(from: candidates.1)
      if other > length { (length, distance) = (other, done - candidates.1) }
      if length < Deflater.shortest {
        literal(window[done])
        length = 1
      } else {
        putLength(UInt64(length) - 3)
        putDistance(UInt64(distance) - 1)
      }
      for _ in 0..<length {
        if filled - done >= Deflater.shortest { places[hash()] = UInt16(done) }
        done += 1
      }
    }
  }

  /// Of the next four bytes.
  private func hash() -> Int {
    let four = window.loadUnaligned(fromByteOffset: done, as: UInt32.self)
    return Int((four &* 2_654_435_761) >> (32 - Deflater.hashBits))
  }

  /// How many bytes are those that stand at `place`.
  private func repeated(from place: Int) -> Int {
    if place <= 0 { return 0 }
    let most = min(Deflater.longest, filled - done)
    var length = 0
    while length < most, window[place + length] == window[done + length] { length += 1 }
    return length
  }

  private func literal(_ byte: UInt8) {
    if byte < 144 { putCode(0x30 + UInt64(byte), 8) } else { putCode(0x190 + UInt64(byte) - 144, 9) }
  }

  /// A length less 3: the codes stand for ever more lengths, and bits after them say which.
  private func putLength(_ length: UInt64) {
    let extra = length < 8 || length == 255 ? 0 : Deflater.magnitude(length) - 2
    let code = length == 255 ? 28 : extra << 2 + length >> extra
    // 257 is the first one: of seven bits up to 279.
    if code < 23 { putCode(code + 1, 7) } else { putCode(0xC0 + code - 23, 8) }
    put(length & (1 << extra - 1), extra)
  }

  /// A distance less 1.
  private func putDistance(_ distance: UInt64) {
    let extra = distance < 4 ? 0 : Deflater.magnitude(distance) - 1
    putCode(extra << 1 + distance >> extra, 5)
    put(distance & (1 << extra - 1), extra)
  }

  /// The place of the highest bit of a number that is not 0.
  private static func magnitude(_ number: UInt64) -> UInt64 { 63 - UInt64(number.leadingZeroBitCount) }

  /// A code, whose highest bit comes first.
  private func putCode(_ code: UInt64, _ width: UInt64) {
    var reversed: UInt64 = 0
    for bit in 0..<width where code >> bit & 1 != 0 { reversed |= 1 << (width - 1 - bit) }
    put(reversed, width)
  }

  private func put(_ value: UInt64, _ width: UInt64) {
    bits |= value << bitCount
    bitCount += width
    while bitCount >= 8 {
      output.append(UInt8(truncatingIfNeeded: bits))
      bits >>= 8
      bitCount -= 8
    }
  }
}
