import Linux
import OCI
import Oracles
import Testing

@testable import Cgroups

@Suite("device rules become programs and lists")
struct DeviceFilterTests {
  /// What a program of `rules` answers, the standard devices included.
  private func answer(_ rules: [DeviceRule], _ use: DeviceUse) throws -> Bool {
    try DeviceMachine.run(DeviceFilter(rules).program(), on: use)
  }

  private static let sda = DeviceUse(isBlock: true, major: 8, minor: 0, access: .read)
  private static let null = DeviceUse(isBlock: false, major: 1, minor: 3, access: [.read, .write])

  @Test("without rules the standard devices are allowed and nothing else")
  func standard() throws {
    let usable: [(Int64, Int64)] = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, 0), (136, 77)]
    for (major, minor) in usable { #expect(try answer([], DeviceUse(isBlock: false, major: major, minor: minor, access: .all))) }
    #expect(try !answer([], DeviceFilterTests.sda))
    // mem, kmem, port, kmsg; a block device of the numbers of null.
    for minor: Int64 in [1, 2, 4, 11] { #expect(try !answer([], DeviceUse(isBlock: false, major: 1, minor: minor, access: .read))) }
    #expect(try !answer([], DeviceUse(isBlock: true, major: 1, minor: 3, access: .read)))
  }

  @Test("nodes of any device can be made, because the runtime makes them from inside")
  func nodes() throws {
    for isBlock in [false, true] {
      var use = DeviceUse(isBlock: isBlock, major: 10, minor: 229, access: .mknod)
      #expect(try answer([DeviceRule(allow: false)], use))
      #expect(try answer([DeviceRule(allow: true, type: .character, major: 10, minor: 229, access: .read)], use))
      use.access = [.mknod, .read]
      #expect(try !answer([DeviceRule(allow: false)], use))
    }
  }

  @Test("no rule of config.json takes the standard devices away")
  func standardStay() throws {
    #expect(try answer([DeviceRule(allow: false)], DeviceFilterTests.null))
    #expect(try answer([DeviceRule(allow: false, type: .character, major: 1, minor: 3)], DeviceFilterTests.null))
  }

  @Test("the last rule about an access decides")
  func lastDecides() throws {
    let allow = DeviceRule(allow: true, type: .block, major: 8)
    let deny = DeviceRule(allow: false, type: .block, major: 8, minor: 0)
    #expect(try answer([allow], DeviceFilterTests.sda))
    #expect(try !answer([allow, deny], DeviceFilterTests.sda))
    #expect(try answer([deny, allow], DeviceFilterTests.sda))
    #expect(try !answer([allow, DeviceRule(allow: false)], DeviceFilterTests.sda))
    #expect(try answer([DeviceRule(allow: false), DeviceRule(allow: true)], DeviceFilterTests.sda))
  }

  @Test("denied writing is not undone by asking for reading and writing at once")
  func accessByLetter() throws {
    let rules = [
      DeviceRule(allow: true, type: .block, major: 8, minor: 0), DeviceRule(allow: false, type: .block, major: 8, minor: 0, access: .write),
    ]
    var use = DeviceFilterTests.sda
    #expect(try answer(rules, use))
    use.access = [.read, .write]
    #expect(try !answer(rules, use))
    use.access = [.read, .mknod]
    #expect(try answer(rules, use))
    // Two rules may allow it together.
    let halves = [DeviceRule(allow: true, type: .block, access: .read), DeviceRule(allow: true, type: .block, major: 8, access: .write)]
    use.access = [.read, .write]
    #expect(try answer(halves, use))
  }

  @Test("-1 is every number, as Docker writes it, and a number that no device has is refused")
  func numbers() throws {
    #expect(try answer([DeviceRule(allow: true, type: .block, major: -1, minor: -1)], DeviceFilterTests.sda))
    #expect {
      try DeviceFilter([DeviceRule(allow: true), DeviceRule(allow: true, type: .block, major: 1 << 32)])
    } throws: { ($0 as? CgroupPlanError)?.message == "linux.resources.devices[1]: 4294967296 is not a device number" }
  }

  @Test("rules before one about everything cost nothing")
  func deadRules() throws {
    let long = (0..<1000).map { DeviceRule(allow: true, type: .block, major: Int64($0)) } + [DeviceRule(allow: false)]
    #expect(try DeviceFilter(long).program() == DeviceFilter([DeviceRule(allow: false)]).program())
    #expect(throws: CgroupPlanError.self) { try DeviceFilter(long.dropLast() + long.dropLast()).program() }
  }

  @Test("v1: one answer for everything, and exceptions from it")
  func list() throws {
    let rules = [
      DeviceRule(allow: false), DeviceRule(allow: true, type: .character, access: .mknod), DeviceRule(allow: true, type: .all, major: 10, minor: 200),
      DeviceRule(allow: true, type: .block, major: 8, minor: 0), DeviceRule(allow: false, type: .block, major: 8, access: .write),
    ]
    let writes = try DeviceFilter(rules).deviceList().map { "\($0.file) \($0.value)" }
    #expect(
      writes.prefix(5) == [
        "devices.deny a", "devices.allow c *:* m", "devices.allow b 10:200 rwm", "devices.allow c 10:200 rwm", "devices.allow b 8:0 rm",
      ])
    // Of the standard rules, that for making character devices is there already.
    #expect(writes[5] == "devices.allow b *:* m" && writes.count == 4 + DeviceFilter.standard.count)
    #expect(writes.dropFirst(6).allSatisfy { $0.hasPrefix("devices.allow c ") })
    let privileged = try DeviceFilter([DeviceRule(allow: true)]).deviceList()
    #expect(privileged.map { "\($0.file) \($0.value)" } == ["devices.allow a"])
  }

  @Test("v1: a hole in a rule for many devices is refused, because the kernel would ignore it")
  func hole() throws {
    let rules = [DeviceRule(allow: true, type: .block, major: 8), DeviceRule(allow: false, type: .block, major: 8, minor: 1)]
    #expect {
      try DeviceFilter(rules).deviceList()
    } throws: {
      ($0 as? CgroupPlanError)?.message == "linux.resources.devices[1]: cgroup v1 cannot deny a part of what an earlier rule is about (b 8:* rwm)"
    }
    // A program can; so where there is one, the list is not needed.
    let hybrid = try CgroupPlan(Resources(devices: rules), layout: Fixture.hybrid)
    #expect(hybrid.devices?.program != nil && hybrid.devices?.list == nil)
    #expect(throws: CgroupPlanError.self) { try CgroupPlan(Resources(devices: rules), layout: Fixture.legacy) }
  }

  @Test("programs and lists answer as the rules mean, for rules of all kinds")
  func agreement() throws {
    var random = SplitMix(seed: 20_260_102)
    var listed = 0
    for _ in 0..<1500 {
      let rules = (0..<random.below(7)).map { _ in
        DeviceRule(
          allow: random.below(2) == 0, type: DeviceRuleType.allCases[random.below(3)], major: [nil, 1, 8][random.below(3)],
          minor: [nil, 3, 4][random.below(3)], access: random.below(3) == 0 ? .all : DeviceAccess(rawValue: UInt8(1 + random.below(7))))
      }
      let filter = try DeviceFilter(rules)
      let program = try filter.program()
      let controller = (try? filter.deviceList()).map { DeviceController($0) }
      if controller != nil { listed += 1 }
      for _ in 0..<12 {
        var use = DeviceUse(
          isBlock: random.below(2) == 0, major: [1, 8, 136][random.below(3)], minor: Int64(3 + random.below(3)),
          access: DeviceAccess(rawValue: UInt8(1 + random.below(7))))
        if try DeviceMachine.run(program, on: use) != isAllowed(use, by: filter.rules) { Issue.record("program: \(use) by \(rules)") }
        // v1 wants one exception for all letters; letter by letter it means the same.
        use.access = DeviceAccess(rawValue: 1 << UInt8(random.below(3)))
        if let controller, controller.isAllowed(use) != isAllowed(use, by: filter.rules) { Issue.record("list: \(use) by \(rules)") }
      }
    }
    #expect(listed > 300)
  }
}
