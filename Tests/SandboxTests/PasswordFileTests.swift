import Testing

@testable import Sandbox

private let passwd = Array(
  """
  root:x:0:0:root:/root:/bin/sh
  # a comment, which is no entry
  redis:x:999:998:Redis:/var/lib/redis:/bin/false

  nohome:x:1000:1000:::/bin/sh
  broken:x:abc:1:x:/:/bin/sh
  short:x:7
  twice:x:11:11::/first:
  twice:x:0:0::/second:
  maximum:x:4294967294:4294967294::/:
  minus:x:4294967295:1::/:
  relative:x:12:12::home:
  4294967296:x:0:0::/:
  -1:x:0:0::/:
  +:x:0:0::/:
  """.utf8)
private let group = Array(
  """
  root:x:0:
  redis:x:998:
  audio:x:29:nohome,redis
  video:x:44:redis
  again:x:29:redis
  redistribute:x:45:redisx,xredis
  bad:x:nine:redis
  four:x
  own:x:998:redis
  """.utf8)

private func resolve(_ user: String) throws(UserError) -> ResolvedUser { try resolveUser(user, passwd: passwd, group: group) }

private func message(_ user: String, _ passwd: [UInt8]? = passwd, _ group: [UInt8]? = group) -> String? {
  do throws(UserError) {
    _ = try resolveUser(user, passwd: passwd, group: group)
    return nil
  } catch { return error.message }
}

@Suite("an image's User becomes numbers")
struct PasswordFileTests {
  @Test(
    "all forms of User",
    arguments: [
      ("", ResolvedUser(uid: 0, gid: 0, home: "/root")),
      ("root", ResolvedUser(uid: 0, gid: 0, home: "/root")),
      ("redis", ResolvedUser(uid: 999, gid: 998, additionalGids: [29, 44], home: "/var/lib/redis")),
      ("redis:", ResolvedUser(uid: 999, gid: 998, additionalGids: [29, 44], home: "/var/lib/redis")),
      ("redis:video", ResolvedUser(uid: 999, gid: 44, home: "/var/lib/redis")),
      ("redis:1234", ResolvedUser(uid: 999, gid: 1234, home: "/var/lib/redis")),
      ("999", ResolvedUser(uid: 999, gid: 998, additionalGids: [29, 44], home: "/var/lib/redis")),
      ("0999", ResolvedUser(uid: 999, gid: 998, additionalGids: [29, 44], home: "/var/lib/redis")),
      ("999:0", ResolvedUser(uid: 999, gid: 0, home: "/var/lib/redis")),
      ("5000", ResolvedUser(uid: 5000, gid: 0, home: "/")),
      ("5000:6000", ResolvedUser(uid: 5000, gid: 6000, home: "/")),
      ("5000:audio", ResolvedUser(uid: 5000, gid: 29, home: "/")),
      (":audio", ResolvedUser(uid: 0, gid: 29, home: "/root")),
      ("nohome", ResolvedUser(uid: 1000, gid: 1000, additionalGids: [29], home: "/")),
      ("twice", ResolvedUser(uid: 11, gid: 11, home: "/first")),
      ("maximum", ResolvedUser(uid: 4_294_967_294, gid: 4_294_967_294, home: "/")),
      ("4294967294", ResolvedUser(uid: 4_294_967_294, gid: 4_294_967_294, home: "/")),
    ])
  func forms(_ user: String, _ expected: ResolvedUser) throws { #expect(try resolve(user) == expected) }

  @Test("numbers need no files")
  func withoutFiles() throws {
    #expect(try resolveUser("", passwd: nil, group: nil) == ResolvedUser(uid: 0, gid: 0, home: "/"))
    #expect(try resolveUser("10:20", passwd: nil, group: nil) == ResolvedUser(uid: 10, gid: 20, home: "/"))
    #expect(message("redis", nil) == "user redis: the image has no /etc/passwd")
    #expect(message("redis:video", passwd, nil) == "group video: the image has no /etc/group")
    #expect(try resolveUser("redis", passwd: passwd, group: nil).additionalGids == [])
  }

  @Test(
    "whoever is not there is an error with the name",
    arguments: [
      ("nobody", "user nobody: not in the image's /etc/passwd"),
      ("redis:wheel", "group wheel: not in the image's /etc/group"),
      ("red", "user red: not in the image's /etc/passwd"),
      ("broken", "user broken: its line in the image's /etc/passwd is broken"),
      ("short", "user short: its line in the image's /etc/passwd is broken"),
      ("minus", "user minus: its line in the image's /etc/passwd is broken"),
      ("relative", "user relative: its home directory in the image's /etc/passwd is not an absolute path"),
      ("redis:bad", "group bad: its line in the image's /etc/group is broken"),
      ("redis:four", "group four: its line in the image's /etc/group is broken"),
      ("a:b:c", "user a:b:c: more than one colon"),
    ])
  func errors(_ user: String, _ expected: String) { #expect(message(user) == expected) }

  @Test(
    "a number that is no id never becomes a name, though the image has an entry of that name",
    arguments: [
      "4294967295", "4294967296", "18446744073709551616", "99999999999999999999999999999999999999",
    ])
  func overflow(_ number: String) {
    #expect(message(number) == "user \(number): not a user id, which is at most 4294967294")
    #expect(message("0:\(number)") == "group \(number): not a group id, which is at most 4294967294")
  }

  @Test("a sign makes neither an id nor a name", arguments: ["-1", "+", "+0", "-"])
  func signs(_ name: String) {
    #expect(message(name) == "user \(name): neither an id nor a name")
    #expect(message("0:\(name)") == "group \(name): neither an id nor a name")
  }

  @Test("files beyond their bounds are refused, at the bound they are read")
  func bounds() throws {
    let line = Array("x:x:5:5::/:\n".utf8)
    var file = [UInt8](repeating: 0x0A, count: UserFile.limit - line.count) + line
    #expect(try resolveUser("x", passwd: file, group: nil).uid == 5)
    file.append(0x0A)
    #expect(message("x", file) == "the image's /etc/passwd is longer than 1048576 bytes")
    let long = Array("redis:x:1:".utf8) + [UInt8](repeating: 0x61, count: 70000)
    #expect(message("nobody", long) == "line 1 of the image's /etc/passwd is longer than 65536 bytes")
    #expect(message("redis", passwd, Array("\n\n".utf8) + long) == "line 3 of the image's /etc/group is longer than 65536 bytes")
  }

  @Test("hostile bytes are no entries")
  func hostile() throws {
    #expect(message("redis", Array("redis\0:x:0:0::/:\nredis:x:0:0::/\0:\n".utf8)) == "user redis: not in the image's /etc/passwd")
    var groups: [UInt32] = []
    let bytes = try resolveUser(Array("redis".utf8), passwd: Array("redis:x:1:1::/".utf8) + [0xFF, 0xFE] + Array(":\n".utf8), group: nil, &groups)
    #expect(Array(bytes.home) == [0x2F, 0xFF, 0xFE], "a directory that is no text is one all the same")
    #expect(message("redis", Array("redis:x:1:1::/:\r\n".utf8)) == nil, "a carriage return ends up in the shell, which nothing reads")
    #expect(message("redis", [UInt8](repeating: 0x3A, count: 65536)) == "user redis: not in the image's /etc/passwd")
    var file = ""
    for gid in 1...9000 { file += "g:x:\(9001 - gid):redis\ng:x:\(gid):redis\n" }
    #expect(try resolveUser("redis", passwd: passwd, group: Array(file.utf8)).additionalGids == (1...9000).filter { $0 != 998 })
  }
}
