public import Linux

/// Why a sandbox could not be made; one sentence. It travels from the new process to the one that waits for it.
public final class SandboxError: Error, Sendable {
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

  public let kind: Kind
  public let message: String

  @inline(never)
  public init(_ message: Text, kind: Kind = .general) {
    self.kind = kind
    self.message = message.string
  }

  /// What is told when `LaunchSignals.interruption` can be read.
  static var interrupted: SandboxError { SandboxError("ended before the program ran", kind: .interrupted) }

  @inline(never)
  public convenience init(_ error: SystemError) { self.init(Text(error.message)) }

  /// `operation` on `object` failed.
  @inline(never)
  convenience init(_ operation: Literal, _ object: Text, _ errno: Errno) { self.init(SystemError(operation, object, errno)) }

  @inline(never)
  @_disfavoredOverload
  convenience init(_ operation: Literal, _ path: Path, _ errno: Errno) { self.init(SystemError(operation, path, errno)) }

  /// The packet on the channel: the kind, then the sentence.
  var packet: [UInt8] { [kind.rawValue] + message.utf8.prefix(Channel.packetLimit - 1) }

  /// From a packet; anything that is not one is an error of its own.
  convenience init(packet: [UInt8]) {
    guard let first = packet.first, let kind = Kind(rawValue: first) else {
      self.init("the container's first process sent a message of an unknown kind")
      return
    }
    self.init(Text(string(packet.dropFirst())), kind: kind)
  }
}

/// Runs `call` and makes a sentence of its `Errno`.
@inline(__always)
func attempt<Value: ~Copyable>(
  _ operation: Literal, _ object: @autoclosure () -> Text, _ call: () throws(Errno) -> Value
) throws(SandboxError) -> Value {
  do throws(Errno) {
    return try call()
  } catch {
    throw SandboxError(operation, object(), error)
  }
}

/// `attempt` for what is tried on a path.
@inline(__always)
@_disfavoredOverload
func attempt<Value: ~Copyable>(_ operation: Literal, _ path: Path, _ call: () throws(Errno) -> Value) throws(SandboxError) -> Value {
  do throws(Errno) {
    return try call()
  } catch {
    throw SandboxError(operation, path, error)
  }
}
