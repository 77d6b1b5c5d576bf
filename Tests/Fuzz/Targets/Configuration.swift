import Linux
import OCI
import Oracles

@testable import Cgroups
@testable import Runtime
@testable import Sandbox

/// A config.json: what is taken is planned as `create` does it, on every kind of machine.
func fuzzConfiguration(_ input: [UInt8]) {
  let spec: Spec
  do throws(SpecError) {
    spec = try Spec(parsing: input)
  } catch { return requireLine(error.message) }
  plan(spec, image: nil)
  plan(spec, image: "1000:1000")
  // What `exec` into a container of an image reads later is what was written for it.
  guard spec.process != nil, spec.root != nil else { return }
  do throws(SpecError) {
    let again = try Spec(parsing: spec.keptDocument())
    require(again.process?.args == spec.process?.args && again.process?.env == spec.process?.env, "the document for exec keeps the program")
    require(again.process?.user == spec.process?.user && again.process?.capabilities == spec.process?.capabilities, "the document for exec keeps the rights")
    require(again.linux?.namespaces == spec.linux?.namespaces ?? [], "the document for exec keeps the namespaces")
  } catch { fatalError("the document for exec: \(error.message)") }
}

/// The id of the container that is planned.
private let container: ContainerID = {
  do { return try ContainerID("fuzz") } catch { fatalError("\(error)") }
}()

private func plan(_ spec: Spec, image user: String?) {
  let request = ContainerRequest(
    id: container, spec: spec, bundle: "/bundle", root: .directory("/bundle/rootfs"), imageUser: user, origin: "config.json", usesGroups: true)
  attempt { () throws(RuntimeError) in _ = try planSandbox(request, diesWithParent: true) { requireMessage($0) } }
  attempt { () throws(RuntimeError) in _ = try groupPath(request) }
  for layout in Machine.layouts { attempt { () throws(RuntimeError) in requireWritable(try planGroups(request, layout)) } }
  // A hook gets the state as one line, and may read it with the same rules.
  do throws(SpecError) {
    let state = request.state(.creating, process: nil)
    require(try ContainerState(parsing: state.compactDocument()) == state, "a hook reads the state that was written")
  } catch { fatalError("the state for a hook: \(error.message)") }
}

/// A plan or a refusal.
func attempt(_ body: () throws(RuntimeError) -> Void) {
  do throws(RuntimeError) { try body() } catch { requireMessage(error.message) }
}

/// A process.json, as `exec --process` takes it.
func fuzzProcess(_ input: [UInt8]) {
  do throws(SpecError) {
    let process = try Process(parsing: input)
    let sets = try CapabilitySets(planning: process.capabilities, last: 40)
    _ = try SandboxPlan(
      joining: Spec(process: process, linux: LinuxSection()), process, namespaces: [], seccomp: nil, capabilities: sets)
    _ = try ProcessorAffinity(process.execCPUAffinity)
  } catch { requireMessage(error.message) }
}

/// A document of `update --resources`, for new groups and for those of a container that runs.
func fuzzResources(_ input: [UInt8]) {
  let resources: Resources
  do throws(SpecError) {
    resources = try Resources(parsing: input)
  } catch { return requireLine(error.message) }
  let limits = [
    CurrentLimits(), CurrentLimits(quota: 1000, memoryLimit: 1 << 20, memoryUsage: 1 << 19), CurrentLimits(quota: .max, memoryLimit: .max, memoryUsage: .max),
  ]
  for layout in Machine.layouts {
    attempt { () throws(CgroupPlanError) in requireWritable(try CgroupPlan(resources, layout: layout, reach: .all)) }
    for current in limits { attempt { () throws(CgroupPlanError) in requireWritable(try CgroupPlan(updating: current, to: resources, layout: layout)) } }
  }
  attempt { () throws(CgroupPlanError) in _ = try CgroupPlan(withoutGroups: resources) }
  compareDevices(resources.devices)
}

/// The program for cgroup v2 and the lists for v1 decide as the rules do, for devices that the rules name and their neighbours.
private func compareDevices(_ asked: [DeviceRule]) {
  attempt { () throws(CgroupPlanError) in
    let filter = try DeviceFilter(asked)
    let program = try filter.program()
    let lists: DeviceController?
    do throws(CgroupPlanError) { lists = DeviceController(try filter.deviceList()) } catch { lists = nil }
    for rule in filter.rules.suffix(16) {
      for use in uses(of: rule) {
        let expected = isAllowed(use, by: filter.rules)
        do {
          require(try DeviceMachine.run(program, on: use) == expected, "the device program decides as the rules do")
        } catch { fatalError("the device program: \(error)") }
        if let lists { require(lists.isAllowed(use) == expected, "the device lists decide as the rules do") }
      }
    }
  }
}

private func uses(of rule: DeviceRule) -> [DeviceUse] {
  var uses: [DeviceUse] = []
  let major = max(0, rule.major ?? 7)
  let minor = max(0, rule.minor ?? 7)
  for access in [DeviceAccess.read, .write, .mknod] {
    for isBlock in [false, true] {
      uses.append(DeviceUse(isBlock: isBlock, major: major, minor: minor, access: access))
      uses.append(DeviceUse(isBlock: isBlock, major: major, minor: minor ^ 1, access: access))
    }
  }
  return uses
}

private func attempt(_ body: () throws(CgroupPlanError) -> Void) {
  do throws(CgroupPlanError) { try body() } catch { requireMessage(error.message) }
}

/// A setting is one write of one line to one file of the group.
func requireWritable(_ plan: CgroupPlan) {
  for setting in plan.settings {
    require(!setting.file.utf8.isEmpty && !setting.file.utf8.contains(0x2F), "a setting is for a file of the group")
    require(!setting.value.utf8.contains(0x0A), "a setting is one line")
  }
}
