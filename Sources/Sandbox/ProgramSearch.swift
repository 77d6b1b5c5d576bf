internal import Linux

/// Where the container's program is looked for, found out before the clone.
struct ProgramSearch: Sendable {
  /// What was asked for, for messages.
  let name: String
  /// The places, in order.
  let candidates: [Path]

  /// A name with a slash is a path; another is looked for along PATH of the container's own environment, or along musl's default without one, as execvp(3)
  /// does.
  init(_ plan: SandboxPlan) {
    name = plan.arguments.first ?? ""
    if name.utf8.contains(Path.slash) {
      candidates = [Path(name)]
      return
    }
    var places: [Path] = []
    let list = plan.environment.last { $0.begins(with: "PATH=") }
    let directories = list.map { Array($0.utf8.dropFirst(5)) } ?? Array("/usr/local/bin:/bin:/usr/bin".utf8)
    for directory in directories.split(separator: 0x3A, omittingEmptySubsequences: false) {
      // An empty entry means the working directory.
      places.append(directory.isEmpty ? Path("./").appending(name) : Path(bytes: directory).appending(name))
    }
    candidates = places
  }

  /// Makes sure that there is a program to run, without running it, so that `create` can tell: a file that this process may execute.
  func requireFound() throws(SandboxError) {
    var refused: SandboxError?
    for candidate in candidates {
      do throws(Errno) {
        let file = try FileDescriptor.open(candidate, .path)
        if try file.status().type == .directory { throw .isDirectory }
        try checkExecutable(candidate)
        return
      } catch {
        if refused == nil, error != .noSuchFileOrDirectory, error != .notDirectory {
          refused = SandboxError("exec \(candidate.description): \(error.message)", kind: .programNotExecutable)
        }
      }
    }
    throw refused ?? missing
  }

  /// What is said when no candidate is there.
  private var missing: SandboxError {
    if let only = candidates.first, candidates.count == 1 {
      return SandboxError("exec \(only.description): no such file or directory", kind: .programNotFound)
    }
    return SandboxError("exec \(name): executable file not found in $PATH", kind: .programNotFound)
  }

  /// Runs the first candidate that can be run; comes back with the reason when none can.
  func run(_ arguments: borrowing CStringArray, _ environment: borrowing CStringArray) -> SandboxError {
    var refused: (Path, Errno)?
    for candidate in candidates {
      let error = execute(candidate, arguments, environment)
      switch error {
      case .noSuchFileOrDirectory where candidates.count == 1: return notFound(candidate)
      case .noSuchFileOrDirectory, .notDirectory: continue
      default: if refused == nil { refused = (candidate, error) }
      }
    }
    if let (path, error) = refused {
      // ENOEXEC
      let hint = error.rawValue == 8 ? "; is it a program for another architecture, or a script without #!" : ""
      return SandboxError("exec \(path.description): \(error.message)\(hint)", kind: .programNotExecutable)
    }
    return missing
  }

  /// The kernel says the same of a program that is missing and of one whose interpreter is.
  private func notFound(_ path: Path) -> SandboxError {
    if (try? FileDescriptor.open(path, .path)) != nil {
      return SandboxError("exec \(path.description): no such file or directory: its interpreter or loader is not there", kind: .programNotExecutable)
    }
    return missing
  }
}
