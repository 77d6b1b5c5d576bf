import Testing

@testable import apus

@Suite("name servers of a container")
struct ResolverTests {
  @Test(arguments: ["1.2.3.4", "::1", "fe80::1%wlan0", "2001:db8::8.8.8.8", "2001:DB8:0:0:0:0:0:1"])
  func anAddressIsTaken(_ text: String) { #expect(Resolver.isAddress(text)) }

  @Test(arguments: [
    "", "1", "host", "1.2.3.4\nnameserver 5.6.7.8", "1.2.3.4 5.6.7.8", "fe80::1%a b", "fe80::1%\n", ".....................................................",
  ])
  func anythingElseIsNot(_ text: String) { #expect(!Resolver.isAddress(text)) }

  @Test func eachServerIsALine() throws {
    #expect(try Resolver.text(["1.2.3.4", "::1"]).map { String(decoding: $0, as: UTF8.self) } == "nameserver 1.2.3.4\nnameserver ::1\n")
  }
}
