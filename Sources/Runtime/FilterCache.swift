internal import Linux
public import OCI
internal import Sandbox

/// Compiled seccomp filters, kept on the tmpfs beside the state of containers (docs/decisions/seccomp-filters.md). What is odd about a file is a reason to compile
/// anew and to replace it; that nothing can be kept is no error.
public final class FilterCache {
  /// The state directory; nothing is kept without one, nor by a program that cannot be told from others.
  private let state: FileDescriptor?
  private let build: [UInt64]
  /// What the filter of the profile that was decoded is kept under, and that filter where it was found.
  private var key: FilterKey?
  private var kept: SeccompFilter?

  /// Keeps nothing.
  public init() {
    build = []
    state = nil
  }

  init(in state: borrowing FileDescriptor) {
    let identity = programIdentity()
    build = identity ?? []
    self.state = identity == nil ? nil : try? state.duplicate()
  }

  /// Decodes a config.json. A profile whose filter is kept is left out of it: to read the names would cost as much as the filter does.
  @inline(never)
  public func decode(_ text: [UInt8]) throws(SpecError) -> Spec {
    try Spec(parsing: text) { profile in
      key = FilterKey(build: build, profile: profile)
      kept = key.flatMap { find($0) }
      return kept != nil
    }
  }

  /// The filter of a container that was decoded here, or of one that is made from an image.
  @inline(never)
  func filter(of spec: Spec, isImage: Bool) throws(SpecError) -> SeccompFilter? {
    if isImage { return try defaultFilter(CapabilityMask(named: spec.process?.capabilities?.bounding ?? [])) }
    if let kept { return kept }
    return try spec.linux?.seccomp.map { (profile) throws(SpecError) in
      let filter = try SeccompFilter(compiling: profile)
      // Whom it notifies is read from the profile each time.
      if let key, !filter.notifies { keep(filter, key) }
      return filter
    }
  }

  /// The filter that containers of images have with this bounding set.
  private func defaultFilter(_ capabilities: CapabilityMask) throws(SpecError) -> SeccompFilter {
    let key = FilterKey(build: build, defaultFor: capabilities)
    if let kept = find(key) { return kept }
    let filter = try SeccompFilter(compiling: defaultSeccomp(capabilities: capabilities))
    keep(filter, key)
    return filter
  }

  // MARK: files

  private static var directory: Path { ".seccomp" }
  /// More profiles than a machine has at a time, and some 200 KB.
  private static var mostFiles: Int { 16 }

  /// Opens the directory, if nobody else may write to it.
  private func open(makes: Bool) throws(Errno) -> FileDescriptor {
    switch state {
    case .none: throw .noSuchFileOrDirectory
    case .some(let state):
      let directory =
        makes
        ? try state.ensureDirectory(FilterCache.directory, mode: 0o700) : try state.open(FilterCache.directory, .readOnly | .directory | .noFollow)
      try FilterCache.requireOwn(directory.status(), .directory)
      return directory
    }
  }

  private static func requireOwn(_ status: FileStatus, _ type: FileType) throws(Errno) {
    if status.type != type || status.user != effectiveUser() || status.mode & 0o022 != 0 { throw .permissionDenied }
  }

  private func find(_ key: FilterKey) -> SeccompFilter? {
    guard let words = try? read(key) else { return nil }
    return SeccompFilter(kept: words, under: key)
  }

  private func read(_ key: FilterKey) throws(Errno) -> [UInt64] {
    // Not kept waiting by what is no file.
    let file = try open(makes: false).open(key.name, .readOnly | .noFollow | .nonBlocking)
    let status = try file.status()
    try FilterCache.requireOwn(status, .regular)
    guard status.size <= UInt64(SeccompFilter.keptLimit), status.size % 8 == 0 else { throw .fileTooLarge }
    var words = [UInt64](repeating: 0, count: Int(status.size / 8))
    let count = try words.withUnsafeMutableBufferPointer { (words) throws(Errno) in try file.read(into: UnsafeMutableRawBufferPointer(words)) }
    // One that is cut short meanwhile has a sum that is not its own.
    return count == words.count * 8 ? words : []
  }

  private func keep(_ filter: SeccompFilter, _ key: FilterKey) {
    do throws(Errno) {
      let directory = try open(makes: true)
      try FilterCache.makeRoom(in: directory, for: key.name)
      // A name of its own: others may be at the same filter.
      let new = Path(Text(".new-\(Int(processID()))").string)
      try? directory.unlink(new)
      let file = try directory.open(new, .writeOnly | .create | .exclusive | .noFollow, mode: 0o600)
      do throws(Errno) {
        try filter.kept(under: key).withUnsafeBufferPointer { (words) throws(Errno) in try file.writeAll(UnsafeRawBufferPointer(words)) }
        try directory.rename(new, to: directory, key.name)
      } catch {
        try? directory.unlink(new)
        throw error
      }
    } catch {
      // The next one compiles as well.
    }
  }

  /// Removes the oldest files, what killed processes have left among them, as long as there are too many.
  private static func makeRoom(in directory: borrowing FileDescriptor, for name: Path) throws(Errno) {
    var names = try directory.open(".", .readOnly | .directory).entries().map { $0.name }.filter { $0 != name }
    while names.count >= mostFiles {
      var oldest = 0
      var time = Int64.max
      for index in names.indices {
        guard let status = try? directory.status(of: names[index]), status.modified.seconds < time else { continue }
        (oldest, time) = (index, status.modified.seconds)
      }
      // One that another process has removed already is one less as well.
      try? directory.unlink(names.remove(at: oldest))
    }
  }
}

extension CapabilityMask {
  /// The capabilities of these names; what is no name is left to the one who plans the sets.
  fileprivate init(named names: [String]) {
    self = []
    for name in names {
      if let number = capabilityNumber(name) { insert(CapabilityMask(number: number)) }
    }
  }
}
