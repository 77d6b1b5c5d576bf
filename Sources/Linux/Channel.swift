internal import CLinux

/// One end of a pair of connected sockets between two processes: packets, with or without a descriptor; closed by exec.
public struct Channel: ~Copyable {
  /// The largest packet, in bytes.
  public static var packetLimit: Int { 4096 }

  private var descriptor: FileDescriptor?
  /// The number to wait for with `waitForInput`; -1 once it is closed.
  public private(set) var rawValue: Int32

  private init(owning number: Int32) {
    rawValue = number
    descriptor = FileDescriptor(owning: number)
  }

  /// Closes this end before its owner ends, as each process does with the end that is the other's.
  public mutating func close() {
    descriptor = nil
    rawValue = -1
  }

  /// Makes this end another name of `other`; what it was the end of is closed. The C function is `dup3` with `O_CLOEXEC`.
  public borrowing func become(_ other: borrowing Channel) throws(Errno) {
    let (own, new) = (rawValue, other.rawValue)
    _ = try checked { clinux_replace(own, new) }
  }

  /// Two connected ends. The C function is `socketpair` with `SOCK_SEQPACKET`.
  public static func makePair() throws(Errno) -> ChannelPair {
    var first: Int32 = -1
    var second: Int32 = -1
    _ = try checked { clinux_socketpair(&first, &second) }
    return ChannelPair(first: Channel(owning: first), second: Channel(owning: second))
  }

  /// Sends one packet and, when given, a descriptor. The C function is `sendmsg`.
  public borrowing func send(_ bytes: [UInt8], descriptor passed: Int32 = -1) throws(Errno) {
    let number = rawValue
    _ = try checked { bytes.withUnsafeBytes { clinux_send(number, $0.baseAddress, $0.count, passed) } }
  }

  /// Sends a packet of one byte and, when given, a descriptor. Allocates nothing. The C function is `sendmsg`.
  public borrowing func send(_ byte: UInt8, descriptor passed: Int32 = -1) throws(Errno) {
    let number = rawValue
    _ = try checked { withUnsafePointer(to: byte) { clinux_send(number, $0, 1, passed) } }
  }

  /// Sends a packet of one byte and a number, its lowest byte first. Allocates nothing. The C function is `sendmsg`.
  public borrowing func send(_ byte: UInt8, _ value: Int32) throws(Errno) {
    let number = rawValue
    let packet = UInt64(UInt32(bitPattern: value)) << 8 | UInt64(byte)
    _ = try checked { withUnsafePointer(to: packet.littleEndian) { clinux_send(number, $0, 5, -1) } }
  }

  /// Receives one packet, of which only the first byte is wanted; nil is the end. Allocates nothing. The C function is `recvmsg`.
  public borrowing func receiveByte() throws(Errno) -> UInt8? {
    var byte: UInt8 = 0
    var passed: Int32 = -1
    let count = try receive(&byte, 1, &passed)
    if passed >= 0 { closeDescriptor(passed) }
    return count == 0 ? nil : byte
  }

  /// Receives one packet, with the descriptor that came with it; an empty one is the end, for which nothing is allocated. The C function is `recvmsg`.
  public borrowing func receive() throws(Errno) -> Packet {
    var passed: Int32 = -1
    var packet = InlineArray<4096, UInt8>(repeating: 0)
    var buffer = packet.mutableSpan
    let bytes = try buffer.withUnsafeMutableBytes { (buffer) throws(Errno) in
      let count = try receive(buffer.baseAddress, buffer.count, &passed)
      return Array(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return Packet(bytes: bytes, descriptor: passed >= 0 ? FileDescriptor(owning: passed) : nil)
  }

  /// Sends one packet without a descriptor. Allocates nothing. The C function is `sendto`.
  public borrowing func send(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
    let number = rawValue
    _ = try checked { clinux_send_bytes(number, bytes.baseAddress, bytes.count) }
  }

  /// Receives one packet, the start of it if it is larger than `buffer`: the number of its bytes, 0 at the end. Descriptors that come with it the kernel closes.
  /// Allocates nothing. The C function is `recvfrom`.
  public borrowing func receive(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    let number = rawValue
    return try untilReset { () throws(Errno) in try checked { clinux_receive_bytes(number, buffer.baseAddress, buffer.count) } }
  }

  private borrowing func receive(_ bytes: UnsafeMutableRawPointer?, _ size: Int, _ passed: inout Int32) throws(Errno) -> Int {
    let number = rawValue
    return try untilReset { () throws(Errno) in try checked { clinux_receive(number, bytes, size, &passed) } }
  }

  private borrowing func untilReset(_ body: () throws(Errno) -> Int) throws(Errno) -> Int {
    var isRepeated = false
    while true {
      do throws(Errno) {
        return try body()
      } catch {
        // The other side has ended without having read everything, which is told once; what it has said comes after that.
        if error != .connectionReset || isRepeated { throw error }
        isRepeated = true
      }
    }
  }
}

/// A socket with a name, for a process that shares nothing else with the one that waits.
extension Channel {
  /// Waits for channels at `name` in `directory`. The C functions are `socket` with `SOCK_SEQPACKET`, `bind` and `listen`.
  public static func listen(at name: Path, in directory: borrowing FileDescriptor) throws(Errno) -> FileDescriptor {
    let path = directory.processPath.appending(name.bytes)
    return FileDescriptor(owning: try checked { path.withCString { clinux_listen($0) } })
  }

  /// Waits until somebody connects. The C function is `accept4`.
  public static func accept(from listener: Int32) throws(Errno) -> Channel { Channel(owning: try checked { clinux_accept(listener) }) }

  /// Connects to `name` in `directory`. The C functions are `socket` with `SOCK_SEQPACKET` and `connect`.
  public static func connect(to name: Path, in directory: borrowing FileDescriptor) throws(Errno) -> Channel {
    let path = directory.processPath.appending(name.bytes)
    return Channel(owning: try checked { path.withCString { clinux_connect($0, 1, 1) } })
  }
}

extension Channel {
  /// Whether somebody waits for channels at `name` in `directory`: asked by a channel that is closed at once. The C function is `connect`.
  public static func isAwaited(at name: Path, in directory: borrowing FileDescriptor) throws(Errno) -> Bool {
    let path = directory.processPath.appending(name.bytes)
    do throws(Errno) {
      _ = FileDescriptor(owning: try checked { path.withCString { clinux_connect($0, 1, 0) } })
      return true
    } catch {
      switch error {
      case .wouldBlock: return true
      case .noSuchFileOrDirectory, .connectionRefused: return false
      default: throw error
      }
    }
  }
}

extension FileDescriptor {
  /// Connects to the stream socket `path`, however long that is: the address has room for 107 bytes, so it goes by the directory's descriptor. The C functions
  /// are `socket` with `SOCK_STREAM` and `connect`.
  public static func connectStream(to path: Path) throws(Errno) -> FileDescriptor {
    guard let name = path.components.last else { throw .isDirectory }
    let directory = try FileDescriptor.open(path.parent, .path | .directory)
    let short = directory.processPath.appending(name)
    return FileDescriptor(owning: try checked { short.withCString { clinux_connect($0, 0, 1) } })
  }

  /// Sends `bytes` and the descriptor `passed` over this socket. The C function is `sendmsg` with `SCM_RIGHTS`.
  public borrowing func send(_ bytes: [UInt8], descriptor passed: Int32) throws(Errno) {
    let number = rawValue
    _ = try checked { bytes.withUnsafeBytes { clinux_send(number, $0.baseAddress, $0.count, passed) } }
  }
}

/// The two ends of a channel.
public struct ChannelPair: ~Copyable {
  public var first: Channel
  public var second: Channel
}

/// What came through a channel.
public struct Packet: ~Copyable {
  public var bytes: [UInt8]
  private var descriptor: FileDescriptor?

  init(bytes: [UInt8], descriptor: consuming FileDescriptor?) {
    self.bytes = bytes
    self.descriptor = descriptor
  }

  /// Gives the descriptor that came with the packet, once.
  public mutating func takeDescriptor() -> FileDescriptor? { descriptor.take() }
}
