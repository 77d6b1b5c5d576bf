import Glibc
import JSON
import Linux
import OCI
import Supervisor
import Testing

@testable import Control

/// docs/openapi.json.
private func document() throws -> JSONValue {
  let name = "\(#filePath)".split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/docs/openapi.json"
  let file = try #require(fopen(name, "r"))
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: 1 << 20)
  let count = fread(&bytes, 1, bytes.count, file)
  return try JSONValue(parsing: Array(bytes[..<count]))
}

/// Holds documents against the schemas of docs/openapi.json. It knows what they use of JSON Schema.
private struct Schemas {
  private final class Schema {
    var type: JSONKind?
    var reference: String?
    var required: [String] = []
    var properties: [String: Schema]?
    var items: Schema?
    var words: [String]?
    var isTrue = false
    var minimum: Int64?
    var pattern: String?
    var isTime = false
  }

  private var named: [String: Schema] = [:]

  init(_ document: JSONValue) throws {
    for (name, value) in document.required("components").required("schemas").members() { named[name] = try schema(value) }
  }

  private func schema(_ json: JSONValue) throws -> Schema {
    let schema = Schema()
    for (keyword, value) in json.members() {
      switch keyword {
      case "$ref": schema.reference = value.string().split(separator: "/").last.map { String($0) }
      case "type":
        let kinds: [String: JSONKind] = ["object": .object, "array": .array, "string": .string, "integer": .number, "boolean": .bool]
        schema.type = kinds[value.string()]
        #expect(schema.type != nil)
      case "required": schema.required = value.elements().map { $0.string() }
      case "properties": schema.properties = Dictionary(uniqueKeysWithValues: try value.members().map { ($0.key, try self.schema($0.value)) })
      // Every object has this, so it is checked for each.
      case "additionalProperties": #expect(!value.bool() && json.member("properties") != nil)
      case "items": schema.items = try self.schema(value)
      case "enum": schema.words = value.elements().map { $0.string() }
      case "const": if value.kind == .bool { schema.isTrue = value.bool() } else { schema.words = [value.string()] }
      case "minimum": schema.minimum = value.integer()
      case "pattern": schema.pattern = value.string()
      case "format": schema.isTime = value.string() == "date-time"
      case "description", "default", "examples", "maximum": break
      default: Issue.record("the test does not know '\(keyword)'")
      }
    }
    return schema
  }

  /// What of a document is not as a schema says; empty: nothing.
  func faults(_ text: [UInt8], _ name: String) throws -> [String] { faults(try JSONValue(parsing: text), try #require(named[name])) }

  private func faults(_ value: JSONValue, _ schema: Schema) -> [String] {
    var faults: [String] = []
    func check(_ holds: Bool, _ word: String) { if !holds { faults.append("\(value.path): \(word)") } }
    if let name = schema.reference {
      guard let other = named[name] else { return ["no schema \(name)"] }
      faults += self.faults(value, other)
    }
    if let type = schema.type, type != value.kind { return faults + ["\(value.path): type"] }
    if let properties = schema.properties {
      let members = value.members()
      for name in schema.required { check(members.contains { $0.key == name }, name) }
      for (name, member) in members {
        guard let property = properties[name] else {
          faults.append("\(member.path): not in the schema")
          continue
        }
        faults += self.faults(member, property)
      }
    }
    if let items = schema.items { for element in value.elements() { faults += self.faults(element, items) } }
    if let words = schema.words { check(words.contains(value.string()), "enum") }
    if schema.isTrue { check(value.kind == .bool && value.bool(), "const") }
    if let minimum = schema.minimum { check(value.integer() >= minimum, "minimum") }
    if let pattern = schema.pattern { check(isPlainName(value.string()) && (pattern.contains("A-Z") || isApplicationName(value.string())), "pattern") }
    if schema.isTime { check(Timestamp(rfc3339: value.string()) != nil, "format") }
    return faults
  }
}

@Suite("docs/openapi.json says what the program does")
struct OpenAPITests {
  @Test("its operations are those of the table, with their rights, parameters and bodies")
  func operations() throws {
    let document = try document()
    var found: [String] = []
    for (path, item) in document.required("paths").members() {
      for (method, value) in item.members() where method != "parameters" {
        let name = value.required("operationId").string()
        found.append(name)
        let operation = try #require(Operation.allCases.first { "\($0)" == name }, "\(name)")
        let route = operation.route
        #expect(route.method.lowercased() == method && route.path == path.split(separator: "/").map { $0 == "{name}" ? "*" : String($0) })
        #expect(value.string("x-right") == route.right?.name ?? "any")
        let parameters = value.elements(of: "parameters")
        #expect(parameters.map { $0.string("name") } == route.parameters && parameters.allSatisfy { $0.string("in") == "query" })
        #expect(item.elements(of: "parameters").map { $0.string("name") } == (route.path.contains("*") ? ["name"] : []))
        #expect((value.member("requestBody") != nil) == operation.takesBody)
        // What the session itself answers.
        let codes = value.required("responses").members().map(\.key)
        #expect(codes.contains("400") && codes.contains("403"))
        if operation.takesBody { #expect(codes.contains("411") && codes.contains("413") && codes.contains("422")) }
        for code in codes { #expect(HTTPStatus.allCases.contains { "\($0.code)" == code }) }
      }
    }
    try document.check()
    #expect(found.sorted() == Operation.allCases.map { "\($0)" }.sorted())
  }

  @Test("a value that its parameters take is taken, and one that they do not is not")
  func parameters() throws {
    let document = try document()
    let values: [String: (good: [String], bad: [String])] = [
      "ApplicationName": (["a", "0_-"], ["A", "-a", "a.b"]), "ServiceName": (["a", "A.b-_"], [".a", "a/b"]),
      "Flag": (["false", "true", "0", "1"], ["", "yes", "2"]),
      "Number": (["0", "18446744073709551615"], ["-1", "x"]), "Moment": (["2026-02-28T23:59:59Z", "10m"], ["now"]),
    ]
    for (path, item) in document.required("paths").members() {
      for (method, value) in item.members() where method != "parameters" {
        for parameter in value.elements(of: "parameters") {
          let schema = parameter.required("schema")
          let name = schema.string("$ref")?.split(separator: "/").last.map { String($0) } ?? ""
          let (good, bad) = name.isEmpty ? (schema.strings("enum"), ["", "x"]) : try #require(values[name])
          let target =
            "\(method.uppercased()) \(path.split(separator: "/").map { "/\($0 == "{name}" ? "a" : $0)" }.joined())?\(parameter.required("name").string())="
          for text in good { #expect(problem("\(target)\(percentEncoded(text))") == nil, "\(target)\(text)") }
          for text in bad { #expect(problem("\(target)\(percentEncoded(text))")?.status == .badRequest, "\(target)\(text)") }
        }
      }
    }
    try document.check()
  }

  @Test("what is written is as its schemas say")
  func schemas() throws {
    let schemas = try Schemas(document())
    func check(_ bytes: [UInt8], _ name: String) throws { #expect(try schemas.faults(bytes, name) == []) }
    let clock = ClockReading(monotonic: 20_000, real: Timestamp(seconds: 1_800_000_000))
    let services = [
      Service(name: "a", restart: RestartPolicy(when: .always, jitter: 500, crashLimit: 3, giveUp: .stopApplication)),
      Service(name: "b", health: HealthCheck(test: .tcp(port: 1), interval: 500, retries: 2), onUnhealthy: .restart),
      Service(
        name: "c", dependencies: [Dependency(service: "b", condition: .healthy, isRequired: false), Dependency(service: "a", isBound: true)],
        restart: RestartPolicy(when: .onFailure(limit: 1))),
    ]
    let planner = try planner(services)
    var seen: Set<String> = []
    var random: UInt64 = 7
    var time: UInt64 = 0
    var checked: UInt64 = 0
    for number in 0..<250 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      time += random >> 33 % 400
      let choice = Int(random >> 40 % 26)
      let run = planner.services[Int(random >> 50 % 3)].run
      switch choice {
      case 0...9: planner.handle(.started(run: run), at: time)
      case 10: planner.handle(.ready(run: run), at: time)
      case 11: planner.handle(.ended(run: run, End(.status, Int32(random >> 60 % 2))), at: time)
      case 12: planner.handle(.ended(run: run, End(.signal, 31, isOutOfMemory: random >> 60 % 2 == 0)), at: time)
      case 13: planner.handle(.lost(run: run), at: time)
      case 14...21: planner.handle(.checked(run: checked, exit: random >> 60 % 4 == 0 ? 0 : 1, output: [0x61]), at: time)
      case 22: planner.handle(random >> 60 % 2 == 0 ? .paused(run: run) : .resumed(run: run), at: time)
      case 23...24: planner.handle(.start(service: nil), at: time)
      default: planner.handle(random >> 60 % 4 == 0 ? .stop(service: "b") : .restart(service: nil), at: time)
      }
      for step in planner.steps(at: time) {
        if step.kind == .runCheck { checked = step.run }
        guard let line = step.eventLine(UInt64(number + 1), application: "app", at: Timestamp(seconds: time / 1000)) else { continue }
        try check(line, "Event")
        seen.insert(word(step.kind == .start ? 0 : step.notice.rawValue, of: Step.eventNames))
      }
      let status = ApplicationStatus(name: "app", services: planner.services, lastEvent: UInt64(number))
      try check(status.document(at: clock), "Application")
      if number % 30 == 0 { try check(ApplicationStatus.list([status], at: clock), "Applications") }
    }
    #expect(seen.isSuperset(of: ["-", "ready", "healthy", "unhealthy", "stops", "ended", "restarts", "failed", "lost"]), "\(seen)")
    try check(versionDocument("1.0"), "Version")
    try check(Problem(.notFound, "a").document(), "Problem")
    try check(Problem(.unprocessable, "a", path: "b").document(), "Problem")
    // A test that finds nothing has to be able to find something.
    #expect(try schemas.faults(Array(#"{"title":1,"status":-1,"x":""}"#.utf8), "Problem").count == 4)
  }
}
