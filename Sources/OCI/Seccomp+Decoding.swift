internal import JSON

extension Seccomp {
  /// Decodes a profile that stands alone: `linux.seccomp` of a config.json.
  public init(parsing text: [UInt8]) throws(SpecError) {
    self = try decode(text) { Seccomp($0) }
  }

  init(_ json: JSONValue) {
    defaultAction = json.required("defaultAction").named()
    defaultErrnoRet = json.returnValue("defaultErrnoRet", of: defaultAction)
    architectures = json.namedList("architectures")
    flags = json.namedList("flags")
    listenerPath = json.text("listenerPath")
    listenerMetadata = json.text("listenerMetadata")
    if listenerMetadata != nil && listenerPath == nil { json.refuse("listenerMetadata", "must not be given without listenerPath") }
    syscalls = json.list("syscalls") { SeccompRule($0) }
  }
}

extension SeccompRule {
  init(_ json: JSONValue) {
    let names = json.required("names")
    self.names = json.list("names") { $0.nonEmpty() }
    if self.names.isEmpty { names.refuse("must have at least one entry") }
    action = json.required("action").named()
    errnoRet = json.returnValue("errnoRet", of: action)
    args = json.list("args") { SeccompArgument($0) }
  }
}

extension SeccompArgument {
  init(_ json: JSONValue) {
    index = json.requiredInteger("index", in: 0...5)
    value = json.requiredInteger("value")
    valueTwo = json.integer("valueTwo") ?? 0
    op = json.required("op").named()
  }
}

extension JSONValue {
  /// The number that an action carries. An action that carries none must not be given one (config-linux.md, `errnoRet`). The kernel keeps 16 bits of a tracer's
  /// number, and no errno is above 4095 (`MAX_ERRNO`).
  fileprivate func returnValue(_ key: Literal, of action: SeccompAction) -> UInt32? {
    guard let number = member(key) else { return nil }
    if !action.hasReturnValue { number.refuse("\(action.name) takes no errno") }
    return number.integer(in: 0...(action == .errno ? 4095 : 65535))
  }
}
