import Glibc
import Linux

@testable import Images

// The only target that acts: it writes layers into a directory in memory. Root does it in a mount namespace of its own and as a user who owns nothing else.

/// An archive that is applied as a layer above another one; whatever is in it, nothing beside the layer changes.
func fuzzLayer(_ input: [UInt8]) {
  let archive = signed(input)
  place.enter()
  defer { place.leave() }
  do throws(Errno) {
    try place.directory.makeDirectory("layer", mode: 0o700)
    var lower = LowerLayers()
    lower.roots.append(OpenDirectory(try place.directory.open("lower", [.readOnly, .directory])))
    let writer = LayerWriter(root: try place.directory.open("layer", [.readOnly, .directory]), lower: lower, limits: Limits())
    do throws(LayerError) {
      let summary = try writer.apply(reader(archive, piece: 512), progress: {})
      require(summary.notes.count <= 64 && UInt64(summary.notes.count) <= summary.noteCount, "what is left out is counted")
    } catch { requireMessage(error.message) }
    try place.directory.removeTree("layer")
  } catch { fatalError("the place for layers: \(error)") }
  place.check()
}

private let place = Place()

private final class Place: Sendable {
  let directory: FileDescriptor
  private let isRoot = geteuid() == 0
  private static let nobody: UInt32 = 65534

  init() {
    do throws(Errno) {
      var path: Path = "/mnt"
      if isRoot {
        guard unshare(0x0002_0000) == 0, mount("none", "/", nil, 0x4_4000, nil) == 0, mount("tmpfs", "/mnt", "tmpfs", 0, nil) == 0 else {
          fatalError("a mount namespace for the layers: \(String(cString: strerror(errno)))")
        }
      } else {
        path = Path("/dev/shm/apus-fuzz-\(getpid())")
        try FileDescriptor.makeDirectory(path, mode: 0o700)
        atexit { _ = try? FileDescriptor.open("/dev/shm", [.readOnly, .directory]).removeTree(Path("apus-fuzz-\(getpid())")) }
      }
      directory = try FileDescriptor.open(path, [.readOnly, .directory])
      if isRoot { try directory.changeOwner(user: Place.nobody, group: Place.nobody) }
      enter()
      for name in ["outside", "lower", "lower/usr", "lower/usr/bin", "lower/etc"] { try directory.makeDirectory(Path(name), mode: 0o755) }
      for name in ["outside/victim", "lower/etc/passwd", "lower/usr/bin/sh"] {
        try directory.open(Path(name), [.writeOnly, .create, .exclusive], mode: 0o644).writeAll(Array("secret".utf8))
      }
      leave()
    } catch { fatalError("the place for layers: \(error)") }
  }

  /// The rest of this process's files are out of reach until `leave`: a fault that is found must not hurt the machine. The C function is `setfsuid`.
  func enter() {
    if !isRoot { return }
    _ = setfsgid(Place.nobody)
    _ = setfsuid(Place.nobody)
  }

  func leave() {
    if !isRoot { return }
    _ = setfsuid(0)
    _ = setfsgid(0)
  }

  /// Nothing has changed but the layer.
  func check() {
    do throws(Errno) {
      // A directory's own link is two, and one for each directory in it.
      let outside = try directory.status(of: "outside")
      require(outside.links == 2 && outside.mode == 0o040755, "the directory outside is as it was")
      let victim = try directory.status(of: "outside/victim")
      require(victim.mode == 0o100644 && victim.links == 1 && victim.size == 6, "the file outside is as it was")
      require(try directory.status().links == 4, "there is nothing new beside the layer")
      require(try directory.open("outside", [.readOnly, .directory]).entries().count == 1, "there is nothing new outside")
    } catch { fatalError("outside: \(error)") }
  }
}

@_silgen_name("setfsuid") private func setfsuid(_ user: UInt32) -> Int32
@_silgen_name("setfsgid") private func setfsgid(_ group: UInt32) -> Int32
@_silgen_name("unshare") private func unshare(_ flags: Int32) -> Int32
@_silgen_name("mount") private func mount(
  _ source: UnsafePointer<CChar>?, _ target: UnsafePointer<CChar>, _ type: UnsafePointer<CChar>?, _ flags: UInt, _ data: UnsafeRawPointer?
) -> Int32
