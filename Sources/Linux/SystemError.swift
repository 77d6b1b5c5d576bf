/// A system call that failed: what was tried, on what, and the kernel's answer.
public struct SystemError: Error, Sendable {
  /// The verb: `open`, `mount proc on`.
  public let operation: String
  /// What it was tried on: a path, the name of a control file, a process id.
  public let object: String
  public let errno: Errno

  public init(_ operation: String, _ object: String, _ errno: Errno) {
    self.operation = operation
    self.object = object
    self.errno = errno
  }

  /// One human sentence, such as `open memory.max in /sys/fs/cgroup/apus/redis: no such file or directory`.
  public var message: String {
    object.utf8.isEmpty ? "\(operation): \(errno.message)" : "\(operation) \(object): \(errno.message)"
  }
}

/// Runs `call` and gives its `Errno` the operation and the object that a reader needs.
@inline(__always)
public func during<Value: ~Copyable>(
  _ operation: @autoclosure () -> String, _ object: @autoclosure () -> String, _ call: () throws(Errno) -> Value
) throws(SystemError) -> Value {
  do throws(Errno) {
    return try call()
  } catch {
    throw SystemError(operation(), object(), error)
  }
}
