internal import Linux
internal import Sandbox

/// An engine that lets the container go needs a place to send its terminal to; without one nobody would hold it.
func requireConsoleSocket(_ terminal: Bool, _ options: LaunchOptions) throws(RuntimeError) {
  if terminal, options.consoleSocket == nil { throw RuntimeError("process.terminal: needs --console-socket, because nobody here relays the terminal") }
  if !terminal, options.consoleSocket != nil { throw RuntimeError("--console-socket: process.terminal is not set, so there is no terminal to send") }
}

/// Sends the container's terminal to the engine that asked for it.
func handOver(_ container: inout LaunchedContainer, _ options: LaunchOptions) throws(RuntimeError) {
  guard let path = options.consoleSocket else { return }
  guard let console = container.takeConsole() else { throw RuntimeError("--console-socket: the container has no terminal") }
  try attempt("send the terminal to", path) { () throws(Errno) in
    // The payload is the file's name; conmon, the shims and containerd take any.
    try FileDescriptor.connectStream(to: path).send(Array("/dev/ptmx".utf8), descriptor: console.rawValue)
  }
}

/// Gives the engine the process in the forms that it asked for.
func tellEngine(_ options: LaunchOptions, of container: borrowing LaunchedContainer) throws(RuntimeError) {
  if let path = options.pidfdSocket {
    try attempt("send a pidfd to", path) { () throws(Errno) in
      let handle = try openPidfd(container.process)
      try FileDescriptor.connectStream(to: path).send(Array("pidfd".utf8), descriptor: handle.rawValue)
    }
  }
  guard let path = options.pidFile else { return }
  try attempt("write", path) { () throws(Errno) in
    guard let name = path.components.last else { throw .isDirectory }
    try FileDescriptor.open(path.parent, .path | .directory).replaceFile(Path(bytes: name), Array(String(container.process).utf8), mode: 0o644)
  }
}
