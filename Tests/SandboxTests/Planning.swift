import Linux
import OCI
import Sandbox

/// A plan of `spec`, as the runtime makes it for a bundle at /bundle; no filter and no capabilities.
func plan(_ spec: Spec, identity: Identity? = nil) throws(SpecError) -> SandboxPlan {
  try SandboxPlan(
    spec, root: .directory("/bundle/rootfs"), bundle: "/bundle", identity: identity, seccomp: nil, capabilities: CapabilitySets(), diesWithParent: true)
}

/// The message with which the planning of `spec` is refused; nil when it is not.
func refusal(_ spec: Spec) -> String? {
  do throws(SpecError) {
    _ = try plan(spec)
    return nil
  } catch { return error.message }
}

/// A configuration that has only what it must have.
func smallest(_ change: (inout Spec) -> Void = { _ in }) -> Spec {
  var spec = Spec(process: Process(args: ["/bin/true"]), linux: LinuxSection(namespaces: [Namespace(type: .mount)]))
  change(&spec)
  return spec
}
