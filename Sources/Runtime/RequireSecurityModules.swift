internal import Linux
internal import Probe
internal import Sandbox

/// Refuses, before anything is made, labels for a security module that is not at work: they would protect nothing.
func requireSecurityModules(_ plan: SandboxPlan) throws(RuntimeError) {
  if plan.labels.appArmor != nil { try require(.appArmor, for: "process.apparmorProfile") }
  if plan.labels.seLinux != nil { try require(.seLinux, for: "process.selinuxLabel") }
  if plan.mountLabel != nil { try require(.seLinux, for: "linux.mountLabel") }
}

private func require(_ feature: Feature, for path: StaticString) throws(RuntimeError) {
  do throws(ProbeError) {
    try feature.require()
  } catch {
    throw RuntimeError("\(path): \(error.message)")
  }
}
