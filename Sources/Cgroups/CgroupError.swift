public import Linux

/// Why a container's control groups cannot be made, found or ended.
public enum CgroupError: Error, Sendable {
  /// A limit, named by its JSON path, that this kernel cannot enforce.
  case plan(CgroupPlanError)
  /// A limit, named by its JSON path, that the kernel did not take.
  case setting(asked: String, SystemError)
  /// A system call failed.
  case system(SystemError)
  /// Something that is not done, and why not.
  case refused(String)

  /// One sentence.
  public var message: String {
    switch self {
    case .plan(let error): error.message
    case .setting(let asked, let error): "\(asked): \(error.message)"
    case .system(let error): error.message
    case .refused(let reason): reason
    }
  }
}

/// Runs `call` and gives its `Errno` the operation and the object that a reader needs.
@inline(__always)
func attempt<Value: ~Copyable>(
  _ operation: @autoclosure () -> String, _ object: @autoclosure () -> String, _ call: () throws(Errno) -> Value
) throws(CgroupError) -> Value {
  do throws(Errno) {
    return try call()
  } catch {
    throw .system(SystemError(operation(), object(), error))
  }
}
