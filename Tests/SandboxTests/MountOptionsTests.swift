import Linux
import Sandbox
import Testing

@Suite("mount options are told apart")
struct MountOptionsTests {
  @Test("one entry may hold several options; what is the file system's stays as it is, quotes and all")
  func several() {
    let options = MountOptions(["mode=755,ro,size=1k", "context=\"a:b:s0:c1,c2\",nosuid"])
    #expect(options.set == [.readOnly, .noSetUserID])
    #expect(String(decoding: options.data, as: UTF8.self) == "mode=755,size=1k,context=\"a:b:s0:c1,c2\"")
  }

  @Test("flags are set, and what the file system understands is left to it, in its order")
  func flagsAndData() {
    let options = MountOptions(["nosuid", "size=64k", "noexec", "mode=755", "defaults"])
    #expect(options.set == [.noSetUserID, .noExecute])
    #expect(options.clear == [])
    #expect(String(decoding: options.data, as: UTF8.self) == "size=64k,mode=755")
  }

  @Test("the last of two that contradict each other counts")
  func lastCounts() {
    let writable = MountOptions(["ro", "rw"])
    #expect(writable.set == [] && writable.clear == .readOnly)
    let readOnly = MountOptions(["rw", "ro"])
    #expect(readOnly.set == .readOnly && readOnly.clear == [])
    let recursive = MountOptions(["rro", "rrw", "rnosuid"])
    #expect(recursive.recursiveSet == .noSetUserID && recursive.recursiveClear == .readOnly)
    #expect(MountOptions(["rshared", "slave"]).propagation == .slave)
  }

  @Test("a bind mount is recursive as soon as one option says so")
  func bind() {
    #expect(MountOptions(["bind"]).isBind && !MountOptions(["bind"]).isRecursiveBind)
    #expect(MountOptions(["rbind"]).isBind && MountOptions(["rbind"]).isRecursiveBind)
    #expect(MountOptions(["rbind", "bind"]).isRecursiveBind)
    #expect(!MountOptions(["ro"]).isBind)
  }

  @Test("recursive options are not those of one mount")
  func recursiveIsApart() {
    let options = MountOptions(["rro", "rnodev", "nosuid"])
    #expect(options.recursiveSet == [.readOnly, .noDevices])
    #expect(options.set == .noSetUserID)
  }

  @Test("the propagation of a tree", arguments: [("rprivate", MountFlags.private), ("rslave", .slave), ("rshared", .shared), ("runbindable", .unbindable)])
  func propagation(_ option: String, _ flag: MountFlags) {
    #expect(MountOptions([option]).propagation == [flag, .recursive])
    #expect(MountOptions([option]).data.isEmpty)
  }

  @Test("owners are mapped in the one mount or in all below, as the last option says")
  func owners() {
    #expect(!MountOptions(["bind"]).mapsOwners)
    for (options, isRecursive) in [(["idmap"], false), (["ridmap"], true), (["ridmap", "idmap"], false), (["idmap", "ridmap"], true)] {
      #expect(MountOptions(options).mapsOwners && MountOptions(options).mapsOwnersRecursively == isRecursive)
    }
  }

  @Test("every option of the specification's table has a meaning, and none of them is left to the file system")
  func table() {
    let names = [
      "async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "iversion", "lazytime", "loud", "mand", "noatime", "nodev", "nodiratime",
      "noexec", "noiversion", "nolazytime", "nomand", "norelatime", "nostrictatime", "nosuid", "nosymfollow", "private", "ratime", "rbind", "rdev",
      "rdiratime", "relatime", "remount", "rexec", "rnoatime", "rnodiratime", "rnoexec", "rnorelatime", "rnostrictatime", "rnosuid", "rnosymfollow", "ro",
      "rprivate", "rrelatime", "rro", "rrw", "rshared", "rslave", "rstrictatime", "rsuid", "rsymfollow", "runbindable", "rw", "shared", "silent", "slave",
      "strictatime", "suid", "symfollow", "sync", "tmpcopyup", "unbindable", "idmap", "ridmap", "nodev", "rnodev",
    ]
    for name in names { #expect(MountOptions([name]).data.isEmpty, "\(name)") }
  }

  @Test("options are compared whole")
  func whole() {
    #expect(String(decoding: MountOptions(["r", "roo", "RO", "ro=1", ""]).data, as: UTF8.self) == "r,roo,RO,ro=1,")
  }
}
