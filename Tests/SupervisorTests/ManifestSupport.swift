import OCI

@testable import Supervisor

/// A manifest; fails the test with the message where it is refused.
func manifest(_ text: String) throws -> Manifest { try Manifest(parsing: Array(text.utf8)) }

/// A manifest of one service with `members` beside what it must have.
func manifest(service members: String) throws -> Manifest { try manifest(document(service: members)) }

/// That service.
func service(_ members: String) throws -> ServiceManifest { try manifest(service: members).services[0] }

/// The document of a manifest of one service, `a` of the application `app`.
func document(service members: String, beside: String = "") -> String {
  #"{"name": "app", "services": {"a": {"image": "i", "network_mode": "none"\#(members.isEmpty ? "" : ", ")\#(members)}}\#(beside)}"#
}

/// The document of a manifest of several services, each with `image` and `network_mode` unless it has the latter.
func document(services: [(name: String, members: String)], beside: String = "") -> String {
  let services = services.map { service in
    let mode = service.members.contains("network_mode") ? "" : #", "network_mode": "none""#
    return #""\#(service.name)": {"image": "i"\#(mode)\#(service.members.isEmpty ? "" : ", ")\#(service.members)}"#
  }
  return #"{"name": "app", "services": {\#(services.joined(separator: ", "))}\#(beside)}"#
}

/// The sentence that a document is refused with; nil when it is taken.
func refusal(_ text: String) -> String? {
  do throws(SpecError) {
    _ = try Manifest(parsing: Array(text.utf8))
    return nil
  } catch {
    return error.message
  }
}
