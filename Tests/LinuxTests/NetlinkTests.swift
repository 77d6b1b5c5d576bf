import Testing

@testable import Linux

@Suite("messages of rtnetlink")
struct NetlinkTests {
  @Test("a request has its length, and attributes that begin at multiples of four")
  func request() {
    var request = NetlinkRequest(16, flags: 4, body: [0, 0, 0, 0])
    request.add(3, [0x61, 0x62, 0])
    request.add(28, [7, 0, 0, 0])
    #expect(
      request.message == [
        36, 0, 0, 0, 16, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0,
        7, 0, 3, 0, 0x61, 0x62, 0, 0,
        8, 0, 28, 0, 7, 0, 0, 0,
      ])
  }

  @Test("answers are told apart, and what is cut off is none")
  func answers() throws {
    let two: [UInt8] = [18, 0, 0, 0, 20, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6, 0, 0, 16, 0, 0, 0, 3, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let answers = try #require(NetlinkAnswer.all(in: two))
    #expect(answers.map(\.type) == [20, 3])
    #expect(Array(answers[0].payload) == [5, 6])
    #expect(answers[1].payload.isEmpty)
    #expect(NetlinkAnswer.all(in: Array(two.dropLast())) == nil)
    #expect(NetlinkAnswer.all(in: [15, 0, 0, 0, 3, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]) == nil)
    #expect(NetlinkAnswer.all(in: [1, 2, 3]) == nil)
  }

  @Test("an attribute is found behind the fixed part; a broken one ends the search")
  func attributes() {
    let answer = NetlinkAnswer(type: 20, flags: 0, payload: [9, 9, 9, 9, 5, 0, 1, 0, 7, 0, 0, 0, 6, 0, 2, 0, 8, 9, 0, 0, 200, 0, 3, 0])
    #expect(answer.attribute(1, after: 4).map(Array.init) == [7])
    #expect(answer.attribute(2, after: 4).map(Array.init) == [8, 9])
    #expect(answer.attribute(3, after: 4) == nil)
    #expect(answer.attribute(4, after: 4) == nil)
    #expect(answer.attribute(1, after: 400) == nil)
  }

  /// An answer to RTM_GETADDR about device 5.
  private func answer(flags: UInt8 = 0x80, scope: UInt8 = 0, _ attributes: [UInt8] = [8, 0, 2, 0, 10, 0, 0, 1]) -> NetlinkAnswer {
    NetlinkAnswer(type: 20, flags: 2, payload: [2, 24, flags, scope, 5, 0, 0, 0] + attributes[...])
  }

  @Test("permanent addresses of global scope go with their device")
  func addresses() throws {
    let address = try #require(NetworkAddress(answer(), of: 5))
    #expect(address.family == 2 && address.prefixLength == 24 && address.flags == 0)
    #expect(address.attributes == [NetworkAddress.Attribute(type: 2, value: [10, 0, 0, 1])])
    // IFA_F_PERMANENT not among the flags; RT_SCOPE_LINK and RT_SCOPE_HOST; another device.
    #expect(NetworkAddress(answer(flags: 0), of: 5) == nil)
    #expect(NetworkAddress(answer(scope: 253), of: 5) == nil)
    #expect(NetworkAddress(answer(scope: 254), of: 5) == nil)
    #expect(NetworkAddress(answer(), of: 6) == nil)
  }

  @Test("the flags of an attribute count for more than those of the fixed part, and a state is not handed on")
  func flags() throws {
    // IFA_FLAGS: IFA_F_PERMANENT, IFA_F_NOPREFIXROUTE, IFA_F_TENTATIVE
    let address = try #require(NetworkAddress(answer(flags: 0, [8, 0, 8, 0, 0xC0, 2, 0, 0]), of: 5))
    #expect(address.flags == 0x200)
  }

  @Test("an address is asked for as it was")
  func again() throws {
    let address = try #require(NetworkAddress(answer([8, 0, 2, 0, 10, 0, 0, 1, 7, 0, 3, 0, 0x61, 0x62, 0, 0]), of: 5))
    #expect(address.request(for: 9).message == [32, 0, 0, 0, 20, 0, 5, 6, 1, 0, 0, 0, 0, 0, 0, 0, 2, 24, 0, 0, 9, 0, 0, 0, 8, 0, 2, 0, 10, 0, 0, 1])
  }
}
