internal import JSON

extension Seccomp {
  /// Decodes a profile that stands alone: `linux.seccomp` of a config.json.
  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { (json) throws(JSONPathError) in try Seccomp(json) }
  }

  init(_ json: JSONValue) throws(JSONPathError) {
    defaultAction = try json.required("defaultAction").named()
    defaultErrnoRet = try json.returnValue("defaultErrnoRet", of: defaultAction)
    architectures = try json.namedList("architectures")
    flags = try json.namedList("flags")
    listenerPath = try json.text("listenerPath")
    listenerMetadata = try json.text("listenerMetadata")
    if listenerMetadata != nil && listenerPath == nil { throw json.error("listenerMetadata", "must not be given without listenerPath") }
    syscalls = try json.list("syscalls") { (rule) throws(JSONPathError) in try SeccompRule(rule) }
  }
}

extension SeccompRule {
  init(_ json: JSONValue) throws(JSONPathError) {
    let names = try json.required("names")
    self.names = try json.list("names") { (name) throws(JSONPathError) in try name.nonEmpty() }
    if self.names.isEmpty { throw names.error("must have at least one entry") }
    action = try json.required("action").named()
    errnoRet = try json.returnValue("errnoRet", of: action)
    args = try json.list("args") { (argument) throws(JSONPathError) in try SeccompArgument(argument) }
  }
}

extension SeccompArgument {
  init(_ json: JSONValue) throws(JSONPathError) {
    index = try json.requiredInteger("index", in: 0...5)
    value = try json.requiredInteger("value")
    valueTwo = try json.integer("valueTwo") ?? 0
    op = try json.required("op").named()
  }
}

extension JSONValue {
  /// The number that an action carries. An action that carries none must not be given one (config-linux.md, `errnoRet`). The kernel keeps 16 bits of a tracer's
  /// number, and no errno is above 4095 (`MAX_ERRNO`).
  fileprivate func returnValue(_ key: StaticString, of action: SeccompAction) throws(JSONPathError) -> UInt32? {
    guard let number = try member(key) else { return nil }
    if !action.hasReturnValue { throw number.error("\(action.name) takes no errno") }
    return try number.integer(in: 0...(action == .errno ? 4095 : 65535))
  }
}
