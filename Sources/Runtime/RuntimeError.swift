public import Linux
public import OCI
public import Sandbox

/// Why a container could not be run; one sentence.
public final class RuntimeError: Error, Sendable {
  public let kind: SandboxError.Kind
  public let message: String

  @inline(never)
  public init(_ message: Text, kind: SandboxError.Kind = .general) {
    self.message = message.string
    self.kind = kind
  }

  @inline(never)
  public convenience init(_ error: SystemError) { self.init(Text(error.message)) }

  @inline(never)
  public convenience init(_ error: SandboxError) { self.init(Text(error.message), kind: error.kind) }

  /// `origin` is the file that the path of `error` lies in: `config.json`.
  @inline(never)
  public convenience init(_ error: SpecError, in origin: String) { self.init("\(origin): \(error.message)") }

  /// `operation` on `object` failed.
  @inline(never)
  convenience init(_ operation: Literal, _ object: Text, _ errno: Errno) { self.init(SystemError(operation, object, errno)) }

  @inline(never)
  @_disfavoredOverload
  convenience init(_ operation: Literal, _ path: Path, _ errno: Errno) { self.init(SystemError(operation, path, errno)) }
}

/// Runs `call` and makes a sentence of its `Errno`.
@inline(__always)
func attempt<Value: ~Copyable>(
  _ operation: Literal, _ object: @autoclosure () -> Text, _ call: () throws(Errno) -> Value
) throws(RuntimeError) -> Value {
  do throws(Errno) {
    return try call()
  } catch {
    throw RuntimeError(operation, object(), error)
  }
}

/// `attempt` for what is tried on a path.
@inline(__always)
@_disfavoredOverload
func attempt<Value: ~Copyable>(_ operation: Literal, _ path: Path, _ call: () throws(Errno) -> Value) throws(RuntimeError) -> Value {
  do throws(Errno) {
    return try call()
  } catch {
    throw RuntimeError(operation, path, error)
  }
}
