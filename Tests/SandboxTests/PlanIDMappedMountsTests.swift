import Linux
import OCI
import Testing

@testable import Sandbox

@Suite("maps of owners in mounts are planned")
struct PlanIDMappedMountsTests {
  private let one = [IDMapping(containerID: 0, hostID: 100_000, size: 65536)]
  private let other = [IDMapping(containerID: 5, hostID: 7, size: 1), IDMapping(containerID: 10, hostID: 20, size: 3)]

  private func mount(_ options: [String], _ users: [IDMapping] = [], _ groups: [IDMapping]? = nil, type: String? = nil) -> Mount {
    Mount(destination: "/m", type: type, source: "/s", options: options, uidMappings: users, gidMappings: groups ?? users)
  }

  private func spec(_ mount: Mount, userNamespace: Namespace? = nil) -> Spec {
    smallest {
      $0.mounts = [mount]
      guard let userNamespace else { return }
      $0.linux?.namespaces.append(userNamespace)
      if userNamespace.path != nil { return }
      $0.linux?.uidMappings = one
      $0.linux?.gidMappings = other + [IDMapping(containerID: 0, hostID: 0, size: 1)]
    }
  }

  private func map(_ mount: Mount, userNamespace: Namespace? = nil) throws -> PlannedIDMap? {
    let content = try #require(try plan(spec(mount, userNamespace: userNamespace)).mounts.first?.content)
    guard case .bind(let bind) = content else { return nil }
    return bind.idMap
  }

  @Test("the numbers of the mount, whatever the options say; ridmap is for the mounts below as well")
  func own() throws {
    for options in [["bind"], ["bind", "idmap"], ["rbind", "ridmap", "idmap"]] {
      let map = try #require(try map(mount(options, one, other)))
      #expect(map.users == IDMap(ranges: one) && map.groups == IDMap(ranges: other) && !map.isRecursive)
    }
    #expect(try map(mount(["rbind", "ridmap"], one))?.isRecursive == true)
    #expect(try map(mount(["bind"])) == nil)
  }

  @Test("without numbers, those of the container's user namespace")
  func containers() throws {
    let new = try #require(try map(mount(["bind", "idmap"]), userNamespace: Namespace(type: .user)))
    #expect(new.users == IDMap(ranges: one) && new.groups?.ranges.count == 3)
    // What they are is known when it is joined.
    let joined = try #require(try map(mount(["bind", "ridmap"]), userNamespace: Namespace(type: .user, path: "/run/user")))
    #expect(joined.users == nil && joined.groups == nil && joined.isRecursive)
  }

  @Test("what has no meaning is refused with its path")
  func refusals() {
    func refused(_ mount: Mount) -> String? { refusal(spec(mount)) }
    #expect(refused(mount(["bind", "idmap"])) == "mounts[0].options: idmap without uidMappings and gidMappings needs a user namespace (linux.namespaces)")
    #expect(refused(mount([], one, type: "tmpfs")) == "mounts[0].uidMappings: owners are mapped in bind mounts only")
    #expect(refused(mount(["idmap"], type: "tmpfs")) == "mounts[0].options: owners are mapped in bind mounts only")
    #expect(refused(mount(["bind", "remount"], one)) == "mounts[0].uidMappings: owners are mapped in bind mounts only")
    #expect(refused(mount(["bind"], one, one + one)) == "mounts[0].gidMappings[1]: overlaps mounts[0].gidMappings[0]")
    let joining = spec(mount(["bind"], one))
    joining.linux?.namespaces = [Namespace(type: .mount, path: "/run/mnt")]
    #expect(refusal(joining) == "mounts[0].uidMappings: owners are not mapped in a mount namespace that is joined")
  }
}
