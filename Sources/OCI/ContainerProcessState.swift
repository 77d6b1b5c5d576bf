internal import JSON

/// What a seccomp agent is told of a process whose system calls it decides (config-linux.md, "The Container Process State").
public struct ContainerProcessState: Equatable, Sendable {
  /// The version of the specification that the document complies with.
  public var ociVersion: String
  /// What the descriptors are that come with the document, in their order.
  public var descriptors: [String]
  /// The process as the runtime sees it.
  public var pid: Int32
  /// What config.json has for the agent (`linux.seccomp.listenerMetadata`).
  public var metadata: String?
  /// The container that the process is in.
  public var state: ContainerState

  public init(
    ociVersion: String = Spec.version, descriptors: [String] = [ContainerProcessState.seccompDescriptor], pid: Int32, metadata: String?, state: ContainerState
  ) {
    self.ociVersion = ociVersion
    self.descriptors = descriptors
    self.pid = pid
    self.metadata = metadata
    self.state = state
  }

  /// The name of the descriptor on which the notifications come.
  public static var seccompDescriptor: String { "seccompFd" }

  /// The document in one line.
  public func compactDocument() -> [UInt8] {
    var writer = JSONWriter(.compact)
    writer.object { writer in
      writer.member("ociVersion", ociVersion)
      writer.strings("fds", descriptors)
      writer.member("pid", pid)
      if let metadata { writer.member("metadata", metadata) }
      writer.key("state")
      state.write(to: &writer)
    }
    return writer.bytes()
  }
}
