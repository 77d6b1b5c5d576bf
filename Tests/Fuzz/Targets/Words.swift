import Linux
import OCI

@testable import Cgroups
@testable import Sandbox
@testable import apus

/// A user of an image with its passwd and group, with NULs between them.
func fuzzUsers(_ input: [UInt8]) {
  let texts = parts(input, 3)
  let user = String(decoding: texts[0], as: UTF8.self)
  for (passwd, group) in [(texts[1], texts[2]), (nil, texts[2]), (texts[1], nil), (nil, nil)] as [([UInt8]?, [UInt8]?)] {
    do throws(UserError) {
      let resolved = try resolveUser(user, passwd: passwd, group: group)
      require(resolved.uid != .max && resolved.gid != .max && !resolved.additionalGids.contains(.max), "2³²-1 is nobody")
    } catch { require(!error.message.utf8.isEmpty, "an error says something") }
  }
}

/// One word of a command line or of a document, to every function that takes one.
func fuzzWords(_ input: [UInt8]) {
  let word = String(decoding: input, as: UTF8.self)
  if let signal = Signal(named: word) {
    require(signal.rawValue >= 1 && signal.rawValue <= 64, "a signal has a number from 1 to 64")
    _ = signal.asksToEnd
  }
  if let id = try? ContainerID(word) { require(CgroupPath(container: id.text) != nil, "a container's id names a group") }
  if let path = CgroupPath(word) {
    require(path.path.isAbsolute && !path.path.hasParentReference && !path.names.isEmpty, "a group is below the root")
  }
  do throws(CgroupError) { _ = try Subgroup.parse(word.split(separator: " ").map { String($0) }) } catch { require(!error.message.utf8.isEmpty, "an error") }
  _ = MountOptions(word.split(separator: ",").map { String($0) })
  if let set = try? NumberSet(list: word, below: 65536, "list") { require(set.words.count <= 1024, "a set has no number above its limit") }
  _ = try? Digest(word)
  for amount in [byteCount(word), memoryAmount(word), processorQuota(word), wholeNumber(word)] { require(amount ?? 0 >= 0, "an amount is not below 0") }
  _ = Path(word).hasParentReference
}
