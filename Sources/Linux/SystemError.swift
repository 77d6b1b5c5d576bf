/// A system call that failed: what was tried, on what, and the kernel's answer.
///
/// An object, as all errors that carry sentences: to throw it on costs one register, and what it is made of is passed to one function, only when there is an error.
public final class SystemError: Error, Sendable {
  /// The verb: `open`, `mount proc on`.
  private let operation: Literal
  /// What it was tried on: a path, the name of a control file, a process id.
  private let object: String
  public let errno: Errno

  @inline(never)
  public init(_ operation: Literal, _ object: Text, _ errno: Errno) {
    self.operation = operation
    self.object = object.string
    self.errno = errno
  }

  @inline(never)
  @_disfavoredOverload
  public convenience init(_ operation: Literal, _ path: Path, _ errno: Errno) { self.init(operation, Text(path.description), errno) }

  /// One human sentence, such as `open memory.max in /sys/fs/cgroup/apus/redis: no such file or directory`.
  @inline(never)
  public var message: String {
    object.utf8.isEmpty ? Text("\(operation): \(errno.message)").string : Text("\(operation) \(object): \(errno.message)").string
  }
}

/// Runs `call` and gives its `Errno` the operation and the object that a reader needs.
@inline(__always)
public func during<Value: ~Copyable>(
  _ operation: Literal, _ object: @autoclosure () -> Text, _ call: () throws(Errno) -> Value
) throws(SystemError) -> Value {
  do throws(Errno) {
    return try call()
  } catch {
    throw SystemError(operation, object(), error)
  }
}

/// `during` for what is tried on a path.
@inline(__always)
@_disfavoredOverload
public func during<Value: ~Copyable>(_ operation: Literal, _ path: Path, _ call: () throws(Errno) -> Value) throws(SystemError) -> Value {
  do throws(Errno) {
    return try call()
  } catch {
    throw SystemError(operation, path, error)
  }
}
