internal import Images
internal import Linux
internal import OCI
internal import Probe
internal import Runtime
internal import Sandbox
internal import Trust

/// What ends a command: one sentence for standard error, and the exit status.
final class Failure: Error {
  let message: String
  let status: Int32

  @inline(never)
  init(_ message: Text, status: Int32 = 1) {
    self.message = message.string
    self.status = status
  }

  /// A command line that cannot be understood.
  @inline(never)
  static func usage(_ message: Text) -> Failure { Failure(message, status: 2) }

  @inline(never)
  convenience init(_ error: SystemError) { self.init(Text(error.message)) }

  @inline(never)
  convenience init(_ error: ImageError) { self.init(Text(error.message)) }

  @inline(never)
  convenience init(_ error: RuntimeError) { self.init(Text(error.message)) }

  /// The statuses of `docker run`: 127 for a program that is not found, 126 for one that cannot be run, 125 for everything of the runtime's own.
  static func likeDocker(_ error: RuntimeError) -> Failure {
    let status: Int32 =
      switch error.kind {
      case .programNotFound: 127
      case .programNotExecutable: 126
      case .general, .interrupted, .hook: 125
      }
    return Failure(Text(error.message), status: status)
  }

  /// The message, and behind the kernel's bare "permission denied" what SELinux has denied since the program's start, if it was SELinux.
  @inline(never)
  func explained(since start: Timestamp) -> String {
    guard cut(message, at: "permission denied").behind != nil, let denial = SecurityDenial.last(since: start) else { return message }
    return Text("\(message); \(denial.message)").string
  }

  /// The same failure with the status that `docker run` has for what happens before the program runs.
  var beforeProgram: Failure { status == 2 ? self : Failure(Text(message), status: 125) }
}

/// Runs `call` and turns the error of a module into the failure of the command.
func failing<Value: ~Copyable>(_ call: () throws(ImageError) -> Value) throws(Failure) -> Value {
  do throws(ImageError) {
    return try call()
  } catch {
    throw Failure(error)
  }
}

func failing<Value: ~Copyable>(_ call: () throws(RuntimeError) -> Value) throws(Failure) -> Value {
  do throws(RuntimeError) {
    return try call()
  } catch {
    throw Failure(error)
  }
}

func failing<Value: ~Copyable>(_ call: () throws(SystemError) -> Value) throws(Failure) -> Value {
  do throws(SystemError) {
    return try call()
  } catch {
    throw Failure(error)
  }
}

func failing<Value: ~Copyable>(_ call: () throws(TrustError) -> Value) throws(Failure) -> Value {
  do throws(TrustError) {
    return try call()
  } catch {
    throw Failure(Text(error.message))
  }
}
