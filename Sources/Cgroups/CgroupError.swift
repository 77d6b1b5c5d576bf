public import Linux

/// Why a container's control groups cannot be made, found or ended; one sentence.
public final class CgroupError: Error, Sendable {
  public let message: String
  /// The kernel's answer to a limit that it did not take.
  let answer: Errno?

  @inline(never)
  private init(_ message: Text, answer: Errno? = nil) {
    self.message = message.string
    self.answer = answer
  }

  /// A limit, named by its JSON path, that this kernel cannot enforce.
  static func plan(_ error: CgroupPlanError) -> CgroupError { CgroupError(Text(error.message)) }

  /// A limit, named by its JSON path, that the kernel did not take.
  static func setting(asked: String, _ error: SystemError) -> CgroupError { CgroupError("\(asked): \(error.message)", answer: error.errno) }

  /// A system call failed.
  @inline(never)
  static func system(_ error: SystemError) -> CgroupError { CgroupError(Text(error.message)) }

  /// Something that is not done, and why not.
  public static func refused(_ reason: Text) -> CgroupError { CgroupError(reason) }

  /// `operation` on `object` failed.
  @inline(never)
  convenience init(_ operation: Literal, _ object: Text, _ errno: Errno) { self.init(Text(SystemError(operation, object, errno).message)) }

  @inline(never)
  @_disfavoredOverload
  convenience init(_ operation: Literal, _ path: Path, _ errno: Errno) { self.init(Text(SystemError(operation, path, errno).message)) }
}

/// Runs `call` and makes a sentence of its `Errno`.
@inline(__always)
func attempt<Value: ~Copyable>(
  _ operation: Literal, _ object: @autoclosure () -> Text, _ call: () throws(Errno) -> Value
) throws(CgroupError) -> Value {
  do throws(Errno) {
    return try call()
  } catch {
    throw CgroupError(operation, object(), error)
  }
}

/// `attempt` for what is tried on a path.
@inline(__always)
@_disfavoredOverload
func attempt<Value: ~Copyable>(_ operation: Literal, _ path: Path, _ call: () throws(Errno) -> Value) throws(CgroupError) -> Value {
  do throws(Errno) {
    return try call()
  } catch {
    throw CgroupError(operation, path, error)
  }
}
