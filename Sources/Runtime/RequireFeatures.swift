internal import Linux
internal import Probe
internal import Sandbox

/// Refuses, before anything is made, what this kernel shows that it does not have; the error names the kernel's build option.
@inline(never)
func requireFeatures(_ plan: SandboxPlan) throws(RuntimeError) {
  for requirement in plan.quickRequirements {
    guard let feature = requirement.feature else { continue }
    do throws(ProbeError) {
      try feature.require()
    } catch {
      throw requirement.path.utf8.isEmpty ? RuntimeError(Text(error.message)) : RuntimeError("\(requirement.path): \(error.message)")
    }
  }
}
