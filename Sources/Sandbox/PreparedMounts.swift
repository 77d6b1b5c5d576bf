internal import Linux

/// Parts of the host's tree that are bound into the container, as detached mounts that the launching process makes and the new one attaches.
///
/// In a user namespace the process that makes the container may be nobody to the directories above a source, and mounts that cover parts of the host's tree are
/// locked in their place. The launching process has the rights, and its own tree. Only it may map the owners that a file system of the host shows, too.
struct PreparedMounts: ~Copyable {
  /// In the order of the plan's mounts; -1 for one that the new process makes itself.
  private var descriptors: [Int32]
  /// The mount namespace of the runtime, for a container that goes back to it; -1 for every other.
  private(set) var ownNamespace: Int32 = -1

  /// Prepares what `plan` needs. A source that cannot be had here is left to the new process, and so is everything before Linux 5.12, unless its owners are mapped.
  init(for plan: SandboxPlan) throws(SandboxError) {
    descriptors = []
    if plan.sharesMounts { ownNamespace = try SharedMounts.openOwn().release() }
    guard plan.newNamespaces.contains(.mount) else { return }
    let joined = plan.joinedNamespaces.first { $0.kind == .user }
    var maps = MapNamespaces()
    do throws(SandboxError) {
      for mount in plan.mounts { descriptors.append(try PreparedMounts.prepare(mount, plan, &maps, joined)) }
    } catch {
      PreparedMounts.close(descriptors + [ownNamespace])
      throw error
    }
  }

  deinit { PreparedMounts.close(descriptors + [ownNamespace]) }

  private static func close(_ descriptors: [Int32]) { for number in descriptors where number >= 0 { closeDescriptor(number) } }

  private static func prepare(
    _ mount: PlannedMount, _ plan: SandboxPlan, _ maps: inout MapNamespaces, _ joined: JoinedNamespace?
  ) throws(SandboxError) -> Int32 {
    guard case .bind(let bind) = mount.content else { return -1 }
    let propagation = plan.propagationOfPrepared
    guard let map = bind.idMap else {
      if plan.userNamespace == nil { return -1 }
      return (try? detach(mount, bind, propagation))?.release() ?? -1
    }
    let copy = try copy(mount, bind, propagation, map)
    try maps.apply(map, to: copy, mount, joined: joined)
    return copy.release()
  }

  private static func copy(
    _ mount: PlannedMount, _ bind: PlannedBind, _ propagation: MountFlags?, _ map: PlannedIDMap
  ) throws(SandboxError) -> FileDescriptor {
    do throws(Errno) {
      return try detach(mount, bind, propagation)
    } catch {
      if error == .noSystemCall {
        throw SandboxError("\(map.path(mount.origin)): this kernel cannot map the owners of a mount (mount_setattr(2), Linux 5.12)")
      }
      throw SandboxError("open the source", "\(bind.source.description) of \(mount.origin)", error)
    }
  }

  /// Those that the new process must not close.
  var open: [Int32] { (descriptors + [ownNamespace]).filter { $0 >= 0 } }

  /// The mount for the one at `index` of the plan, once, in the new process, which never ends this value.
  func take(_ index: Int) -> FileDescriptor? {
    guard index < descriptors.count, descriptors[index] >= 0 else { return nil }
    return FileDescriptor(owning: descriptors[index])
  }

  private static func detach(_ mount: PlannedMount, _ bind: PlannedBind, _ propagation: MountFlags?) throws(Errno) -> FileDescriptor {
    let copy = try mount.detached(bind, try FileDescriptor.open(bind.source, .path))
    if let propagation { try copy.setPropagationOfDetached(propagation) }
    return copy
  }
}

extension SandboxPlan {
  /// What becomes of copies of the host's mounts that are not made in the new mount namespace: the same as there. For a less privileged one, the kernel makes
  /// slaves of all.
  fileprivate var propagationOfPrepared: MountFlags? {
    guard let ofHostTree = rootPropagation.ofHostTree else { return userNamespace == nil ? nil : .slave }
    return ofHostTree.contains(.private) ? .private : .slave
  }
}

extension PlannedMount {
  /// A copy of the part of the host's tree that is to be bound, with its flags, attached nowhere yet. Linux 5.12, with no flags 5.2.
  func detached(_ bind: PlannedBind, _ source: borrowing FileDescriptor) throws(Errno) -> FileDescriptor {
    let copy = try source.cloneMount(recursive: bind.isRecursive)
    if !bind.set.isEmpty || !bind.clear.isEmpty { try copy.setMountFlags(bind.set, clear: bind.clear.subtracting(bind.set), recursive: false) }
    if hasRecursiveFlags { try copy.setMountFlags(recursiveSet, clear: recursiveClear, recursive: true) }
    return copy
  }
}
