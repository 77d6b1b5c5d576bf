public import Linux

/// Why a sandbox could not be made; one sentence. It travels from the new process to the one that waits for it.
public struct SandboxError: Error, Sendable {
  /// What a caller tells apart: shells and Docker give the last two the statuses 127 and 126.
  public enum Kind: UInt8, Sendable {
    case general = 1
    case programNotFound = 2
    case programNotExecutable = 3
    /// A signal asked this process to end meanwhile.
    case interrupted = 4
    /// A hook failed.
    case hook = 5
  }

  public var kind: Kind
  public var message: String

  public init(_ message: String, kind: Kind = .general) {
    self.kind = kind
    self.message = message
  }

  /// What is told when `LaunchSignals.interruption` can be read.
  static var interrupted: SandboxError { SandboxError("ended before the program ran", kind: .interrupted) }

  public init(_ error: SystemError) { self.init(error.message) }

  /// The packet on the channel: the kind, then the sentence.
  var packet: [UInt8] { [kind.rawValue] + message.utf8.prefix(Channel.packetLimit - 1) }

  /// From a packet; anything that is not one is an error of its own.
  init(packet: [UInt8]) {
    guard let first = packet.first, let kind = Kind(rawValue: first) else {
      self.init("the container's first process sent a message of an unknown kind")
      return
    }
    self.init(String(decoding: packet.dropFirst(), as: UTF8.self), kind: kind)
  }
}

/// Runs `call` and makes a sentence of its `Errno`.
@inline(__always)
func attempt<Value: ~Copyable>(
  _ operation: @autoclosure () -> String, _ object: @autoclosure () -> String, _ call: () throws(Errno) -> Value
)
  throws(SandboxError) -> Value
{
  do throws(Errno) {
    return try call()
  } catch {
    throw SandboxError(SystemError(operation(), object(), error))
  }
}
