public import Linux
public import OCI
public import Sandbox

/// Why a container could not be run; one sentence.
public struct RuntimeError: Error, Sendable {
  public var kind: SandboxError.Kind
  public var message: String

  public init(_ message: String, kind: SandboxError.Kind = .general) {
    self.message = message
    self.kind = kind
  }

  public init(_ error: SystemError) { self.init(error.message) }
  public init(_ error: SandboxError) { self.init(error.message, kind: error.kind) }
  /// `origin` is the file that the path of `error` lies in: `config.json`.
  public init(_ error: SpecError, in origin: String) { self.init("\(origin): \(error.message)") }
}

/// Runs `call` and makes a sentence of its `Errno`.
@inline(__always)
func attempt<Value: ~Copyable>(
  _ operation: @autoclosure () -> String, _ object: @autoclosure () -> String, _ call: () throws(Errno) -> Value
)
  throws(RuntimeError) -> Value
{
  do throws(Errno) {
    return try call()
  } catch {
    throw RuntimeError(SystemError(operation(), object(), error))
  }
}
