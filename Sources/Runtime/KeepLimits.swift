internal import JSON
internal import Linux
internal import OCI

extension Container {
  /// Has the configuration that is kept say what holds now: `change` is a document with the members of it that have changed.
  @inline(never)
  func keepLimits(_ change: Text) throws(RuntimeError) {
    let text = try directory.configuration()
    let changed: [UInt8]
    do throws(JSONError) {
      changed = changedConfiguration(try JSONValue(parsing: text), by: try JSONValue(parsing: Array(change.string.utf8)))
    } catch {
      throw RuntimeError("the configuration of container \(id.text): \(error.message)")
    }
    do throws(SpecError) {
      // Commands that come later would not take it.
      _ = try Spec(parsing: changed)
    } catch {
      throw RuntimeError(error, in: Text("the configuration of container \(id.text) with the new limits").string)
    }
    try directory.keepConfiguration(changed)
  }
}

/// A configuration with the members of another one in the place of its own. Of limits in a list, those of other devices, page sizes and interfaces stay.
func changedConfiguration(_ document: JSONValue, by change: JSONValue) -> [UInt8] {
  JSONMerge(document, changedBy: change, isLeft: { $0.asksForNothing || $0.path.equals("linux.resources.devices") }, isSame: isAboutTheSame).bytes
}

/// Whether two elements of a list of limits are about the same device, page size or interface.
private func isAboutTheSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
  if one.kind != .object || other.kind != .object { return false }
  var isAboutSomething = false
  for key: Literal in ["major", "minor", "pageSize", "name"] {
    guard let mine = one.member(key), let its = other.member(key) else { continue }
    if !mine.words.equals(its.words) { return false }
    isAboutSomething = true
  }
  return isAboutSomething
}

extension JSONValue {
  /// Whether the value of a limit stands for "leave it", or "not set": in updates of old engines, and in configurations of Docker.
  var asksForNothing: Bool {
    let (path, value) = (path, words)
    // `null`, and an empty string.
    if value.utf8.isEmpty && kind != .array && kind != .object { return true }
    // -1 as an unsigned number.
    if path.equals("linux.resources.memory.swappiness") { return value.equals("18446744073709551615") }
    if !value.equals("0") { return false }
    let limits: Literal = """
      memory.limit memory.swap memory.reservation memory.kernel memory.kernelTCP cpu.shares cpu.quota cpu.period cpu.realtimeRuntime cpu.realtimePeriod
      blockIO.weight blockIO.leafWeight
      """
    for limit in Wording.words(of: limits) where path.utf8.elementsEqual(Text("linux.resources.\(limit)").string.utf8) { return true }
    return false
  }
}
