internal import JSON

extension Spec {
  /// The part of the configuration that later commands need, as a config.json that `Spec(parsing:)` takes: the process, for one that joins the container, and what
  /// isolates and limits it. For a container that is made from an image and so has no config.json; what images do not have (scheduling, labels, resource limits,
  /// a filter of their own) is not written.
  public func keptDocument() -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("ociVersion", ociVersion)
      if let root {
        writer.key("root")
        writer.object { writer in
          writer.member("path", root.path)
          writer.member("readonly", root.readonly)
        }
      }
      if let process {
        writer.key("process")
        writer.object { process.write(to: &$0) }
      }
      writer.key("linux")
      writer.object { writer in
        writer.key("namespaces")
        writer.array { writer in
          for namespace in linux?.namespaces ?? [] { writer.object { namespace.write(to: &$0) } }
        }
        guard let linux else { return }
        if let resources = linux.resources {
          writer.key("resources")
          resources.write(to: &writer)
        }
        writer.strings("maskedPaths", linux.maskedPaths)
        writer.strings("readonlyPaths", linux.readonlyPaths)
      }
    }
    return writer.bytes()
  }
}

extension Process {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.key("user")
    writer.object { writer in
      writer.member("uid", user.uid)
      writer.member("gid", user.gid)
      if let umask = user.umask { writer.member("umask", umask) }
      writer.key("additionalGids")
      writer.array { writer in
        for gid in user.additionalGids { writer.value(gid) }
      }
    }
    writer.strings("args", args)
    writer.strings("env", env)
    writer.member("cwd", cwd)
    writer.member("noNewPrivileges", noNewPrivileges)
    if let oomScoreAdj { writer.member("oomScoreAdj", oomScoreAdj) }
    guard let capabilities else { return }
    writer.key("capabilities")
    writer.object { writer in
      writer.strings("bounding", capabilities.bounding)
      writer.strings("effective", capabilities.effective)
      writer.strings("inheritable", capabilities.inheritable)
      writer.strings("permitted", capabilities.permitted)
      writer.strings("ambient", capabilities.ambient)
    }
  }
}

extension Namespace {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.member("type", type.name)
    if let path { writer.member("path", path) }
  }
}
