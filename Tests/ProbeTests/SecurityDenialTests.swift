import Linux
import Testing

@testable import Probe

@Suite("what SELinux denied")
struct SecurityDenialTests {
  private static let start = Timestamp(seconds: 1_732_712_345, nanoseconds: 120_000_000)

  private func message(_ rest: String, time: String = "1732712345.123", command: String = "apus", permissive: Int = 0) -> String {
    """
    <5>[   12.345678] audit: type=1400 audit(\(time):45): avc:  denied  { \(rest) comm="\(command)" path="/proc" dev="vda" ino=9 \
    scontext=u:r:su:s0 tcontext=u:object_r:rootfs:s0 tclass=dir permissive=\(permissive)

    """
  }

  private func denial(_ log: String, command: String = "apus") -> SecurityDenial? {
    SecurityDenial(log: Array(log.utf8), command: Array(command.utf8), since: Self.start)
  }

  @Test("it is told with the domain, what was wanted of what, and the rule that permits it")
  func told() {
    #expect(
      denial(message("mounton } for  pid=7"))?.message
        == #"SELinux denies u:r:su:s0 { mounton } on dir /proc of u:object_r:rootfs:s0; a policy permits it by "allow su rootfs:dir { mounton };""#)
  }

  @Test("the last of several counts, and several permissions stay together")
  func last() { #expect(denial(message("mounton } for  pid=7") + message("read write } for  pid=8") + "<6>[ 1.0] usb: x\n")?.permissions == "read write") }

  @Test("what another program was denied, or was only noted, or was denied before, does not count")
  func others() {
    #expect(denial(message("mounton } for  pid=7", command: "sh")) == nil)
    #expect(denial(message("mounton } for  pid=7", permissive: 1)) == nil)
    #expect(denial(message("mounton } for  pid=7", time: "1732712345.109")) == nil)
    #expect(denial(message("mounton } for  pid=7", time: "1732712344.999")) == nil)
  }

  @Test("the kernel's time is that of its last tick, up to 10 ms before")
  func tick() { #expect(denial(message("mounton } for  pid=7", time: "1732712345.110")) != nil) }

  @Test("Android's logd writes the message itself")
  func logd() { #expect(denial(message("mounton } for  pid=7").replacing("audit: type", with: "type"))?.source == "u:r:su:s0") }

  @Test(
    "a line that is not whole tells nothing",
    arguments: [
      "", "\n", "avc:  denied  { ", " audit(1732712345.123:45): avc:  denied  { mounton } for ",
      " audit(1732712345.123): avc:  denied  { x } for  comm=\"apus\"",
      " audit(1732712345.123:1): avc:  denied  { x } for  comm=\"apus\" scontext=a:b:c tclass=dir permissive=0",
      " audit(99999999999999999999.123:1): avc:  denied  { x } for  comm=\"apus\" scontext=a tcontext=b tclass=dir",
    ])
  func incomplete(_ line: String) { #expect(denial(line) == nil) }

  @Test("a context without a type is shown whole, and an object without a name by its class")
  func short() {
    let line = " audit(1732712345.123:1): avc:  denied  { x } for  comm=\"apus\" scontext=kernel tcontext=b:c:t tclass=bpf"
    #expect(denial(line)?.message == #"SELinux denies kernel { x } on bpf of b:c:t; a policy permits it by "allow kernel t:bpf { x };""#)
  }
}
