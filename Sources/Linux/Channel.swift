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

  /// Receives one packet, with the descriptor that came with it; an empty one is the end. The C function is `recvmsg`.
  public borrowing func receive() throws(Errno) -> Packet {
    let number = rawValue
    var buffer = [UInt8](repeating: 0, count: Channel.packetLimit)
    var passed: Int32 = -1
    let count = try checked { buffer.withUnsafeMutableBytes { clinux_receive(number, $0.baseAddress, $0.count, &passed) } }
    return Packet(bytes: Array(buffer[..<count]), descriptor: passed >= 0 ? FileDescriptor(owning: passed) : nil)
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
