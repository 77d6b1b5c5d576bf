internal import Linux

/// Parts of the host's tree that are bound into the container, as detached mounts that the launching process makes and the new one attaches.
///
/// In a user namespace the process that makes the container may be nobody to the directories above a source, and mounts that cover parts of the host's tree are
/// locked in their place. The launching process has the rights, and its own tree.
struct PreparedMounts: ~Copyable {
  /// In the order of the plan's mounts; -1 for one that the new process makes itself.
  private var descriptors: [Int32]

  /// Prepares what `plan` needs. A source that cannot be had here is left to the new process, and so is everything before Linux 5.12.
  init(for plan: SandboxPlan) {
    descriptors = []
    guard plan.userNamespace != nil, plan.newNamespaces.contains(.mount) else { return }
    for mount in plan.mounts {
      guard case .bind(let bind) = mount.content, let copy = try? PreparedMounts.detach(mount, bind, plan.rootPropagation) else {
        descriptors.append(-1)
        continue
      }
      descriptors.append(copy.release())
    }
  }

  deinit { for number in open { closeDescriptor(number) } }

  /// Those that the new process must not close.
  var open: [Int32] { descriptors.filter { $0 >= 0 } }

  /// The mount for the one at `index` of the plan, once, in the new process, which never ends this value.
  func take(_ index: Int) -> FileDescriptor? {
    guard index < descriptors.count, descriptors[index] >= 0 else { return nil }
    return FileDescriptor(owning: descriptors[index])
  }

  private static func detach(_ mount: PlannedMount, _ bind: PlannedBind, _ propagation: RootPropagation) throws(Errno) -> FileDescriptor {
    let copy = try mount.detached(bind, try FileDescriptor.open(bind.source, .path))
    // As the kernel does with the host's tree when it copies that for a less privileged mount namespace: what is mounted inside does not reach the host.
    try copy.setPropagationOfDetached(propagation.ofHostTree?.contains(.private) ?? false ? .private : .slave)
    return copy
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
