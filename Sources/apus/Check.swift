internal import Cgroups
internal import JSON
internal import Linux
internal import Probe

extension CommandSpec {
  /// `apus check`: what this kernel has of what Apus can use.
  static var check: CommandSpec {
    CommandSpec(
      name: "check", summary: "tell what this kernel has, and what is done without it", options: [.format],
      description: """
        First features with their build option, then system calls with the Linux that brought them, then the controllers of cgroups and where they are mounted. \
        A limit whose controller is missing is refused.
        """,
      perform: { (call) throws(Failure) in
        let wantsJSON = try call.arguments.wantsJSON()
        let found = try failing { () throws(SystemError) in try Findings() }
        return try show(wantsJSON ? found.json : found.text)
      })
  }
}

/// What this machine has.
private struct Findings {
  let features: [(feature: Feature, isPresent: Bool)]
  let calls: [(call: NewerCall, isPresent: Bool)]
  let cgroups: CgroupLayout

  init() throws(SystemError) {
    var features: [(feature: Feature, isPresent: Bool)] = []
    for feature in Feature.allCases { features.append((feature, try feature.isPresent())) }
    self.features = features
    calls = NewerCall.allCases.map { ($0, $0.isPresent()) }
    // Without cgroups in the kernel there is no file to read them from.
    cgroups = try Feature.cgroups.isPresent() ? CgroupLayout.discover() : CgroupLayout()
  }

  var text: String {
    var rows = [["FEATURE", "BUILD OPTION", "HERE", "WITHOUT IT"]]
    for (feature, isPresent) in features {
      rows.append([Text("\(feature.name)").string, Text("CONFIG_\(feature.option)").string, isPresent ? "yes" : "no", Text("\(feature.otherwise)").string])
    }
    var calls = [["SYSTEM CALL", "SINCE LINUX", "HERE", "WITHOUT IT"]]
    for (call, isPresent) in self.calls {
      calls.append([Text("\(call.name)(2)").string, Text("\(call.since)").string, isPresent ? "yes" : "no", Text("\(call.otherwise)").string])
    }
    var controllers = [["CONTROLLER", "BUILD OPTION", "HERE"]]
    for controller in Controller.allCases {
      var place = "no"
      if let hierarchy = cgroups.hierarchy(of: controller) {
        place = Text("version \(hierarchy.generation == .v1 ? 1 : 2), \(hierarchy.mountPoint)").string
      }
      controllers.append([Text("\(controller.name)").string, Text("CONFIG_\(controller.option)").string, place])
    }
    return table(rows) + "\n" + table(calls) + "\n" + table(controllers)
  }

  var json: String {
    var writer = JSONWriter(.pretty)
    writer.object { writer in
      writer.key("features")
      writer.array { writer in
        for (feature, isPresent) in features {
          writer.object { member in
            member.member("name", Text("\(feature.name)").string)
            member.member("option", Text("CONFIG_\(feature.option)").string)
            member.member("present", isPresent)
            member.member("otherwise", Text("\(feature.otherwise)").string)
          }
        }
      }
      writer.key("systemCalls")
      writer.array { writer in
        for (call, isPresent) in calls {
          writer.object { member in
            member.member("name", Text("\(call.name)").string)
            member.member("since", Text("\(call.since)").string)
            member.member("present", isPresent)
            member.member("otherwise", Text("\(call.otherwise)").string)
          }
        }
      }
      writer.key("controllers")
      writer.array { writer in
        for controller in Controller.allCases {
          let hierarchy = cgroups.hierarchy(of: controller)
          writer.object { member in
            member.member("name", Text("\(controller.name)").string)
            member.member("option", Text("CONFIG_\(controller.option)").string)
            member.member("present", hierarchy != nil)
            if let hierarchy {
              member.member("version", hierarchy.generation == .v1 ? 1 : 2)
              member.member("mountPoint", hierarchy.mountPoint.description)
            }
          }
        }
      }
    }
    return String(decoding: writer.bytes(), as: UTF8.self)
  }
}
