internal import Linux

/// Runs `body` in a child of this process and waits for its end: what the body does to the child, such as leaving a namespace for good, this process keeps. Its
/// error is thrown here.
func inChild(_ title: @autoclosure () -> String, _ body: () throws(SandboxError) -> Void) throws(SandboxError) {
  var pair = try attempt("make", "a channel to \(title())") { () throws(Errno) in try Channel.makePair() }
  switch try attempt("clone for", Text(title()), { () throws(Errno) in try cloneProcess([]) }) {
  case .child:
    do throws(SandboxError) {
      try body()
      exitProcess(0)
    } catch {
      try? pair.second.send(error.packet)
      exitProcess(1)
    }
  case .parent(let child):
    pair.second.close()
    let packet = try attempt("hear from", Text(title())) { () throws(Errno) in try pair.first.receive().bytes }
    let status = try attempt("wait for", Text(title())) { () throws(Errno) in try waitForExit(of: child) }
    if !packet.isEmpty { throw SandboxError(packet: packet) }
    if status != .exited(0) { throw SandboxError("\(title()) was killed") }
  }
}
