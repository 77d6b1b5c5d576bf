import Foundation
import OCI
import Testing

@testable import Trust

@Suite("roots and releases")
struct ReleaseTests {
  private typealias V = ReleaseVectors

  private func root(_ text: String = V.root1) throws -> TrustRoot { try TrustRoot.first(Array(text.utf8), file: "root.json") }

  private func verify(_ text: String, _ root: TrustRoot, apus: String = "0.1.0") throws -> VerifiedRelease {
    try root.verify(release: Array(text.utf8), apus: apus)
  }

  /// What is wrong; nothing when nothing is.
  private func refusal(_ body: () throws -> Void) -> String {
    do { try body() } catch { return (error as? TrustError)?.message ?? "\(error)" }
    return ""
  }

  /// An envelope around a payload, signed by nobody.
  private func envelope(_ payload: String, _ type: String = "application/vnd.apus.release.v1+json", more: String = "", signatures: String = "[]") -> String {
    #"{"payloadType":"\#(type)","payload":"\#(Data(payload.utf8).base64EncodedString())","signatures":\#(signatures)\#(more)}"#
  }

  private func release(_ fields: String) -> String { envelope("{\(fields)}") }

  @Test("a release that enough keys have signed is one, and tells by which rule and keys")
  func accepted() throws {
    let verified = try verify(V.shop, root())
    #expect(verified.release.application == "acme/shop" && verified.release.version == 3)
    #expect(String(decoding: verified.text, as: UTF8.self).hasSuffix(#""comment":"spring"}"#))
    #expect(verified.release.images.map(\.container) == ["web"] && verified.release.images[0].digest.text == V.image)
    #expect(verified.root == 1 && verified.rule == "releases[0]" && verified.keys == [V.keyA, V.keyB])
    // The more specific rule decides.
    #expect(try verify(V.solo, root()).rule == "releases[1]")
  }

  @Test("a key counts once, and only those of the rule do")
  func threshold() throws {
    let root = try root()
    for text in [V.shopSignedOnce, V.shopSignedTwiceByOne, V.shopByAnother] {
      #expect(
        refusal { _ = try verify(text, root) }
          == "release acme/shop version 3: 1 of the keys of releases[0] of root 1 have signed it, and 2 have to")
    }
    #expect(refusal { _ = try verify(V.other, root) } == "release other version 3: nobody may sign it by root 1")
  }

  @Test("what was changed after it was signed is refused")
  func tampering() throws {
    let payload = Data(#"{"application":"acme/shop","version":3,"images":{"web":"\#(V.image)"},"minimumApus":"0.1.0","comment":"spring"}"#.utf8)
    let changed = Data(#"{"application":"acme/shop","version":4,"images":{"web":"\#(V.image)"},"minimumApus":"0.1.0","comment":"spring"}"#.utf8)
    #expect(V.shop.contains(payload.base64EncodedString()))
    let text = V.shop.replacingOccurrences(of: payload.base64EncodedString(), with: changed.base64EncodedString())
    #expect(refusal { _ = try verify(text, root()) }.hasSuffix("0 of the keys of releases[0] of root 1 have signed it, and 2 have to"))
    let renamed = V.shop.replacingOccurrences(of: V.keyA, with: V.keyB)
    #expect(refusal { _ = try verify(renamed, root()) }.contains("1 of the keys"))
  }

  @Test("one kind of document is not taken for another")
  func types() throws {
    #expect(refusal { _ = try verify(V.root1, root()) } == "the release: payloadType: unknown value 'application/vnd.apus.root.v1+json'")
    #expect(refusal { _ = try verify(V.shopAsRoot, root()) }.contains("payloadType"))
    // The type is part of what is signed.
    let text = V.shopAsRoot.replacingOccurrences(of: "vnd.apus.root", with: "vnd.apus.release")
    #expect(refusal { _ = try verify(text, root()) }.contains("0 of the keys"))
    #expect(refusal { _ = try root(V.shop) }.hasPrefix("root.json: payloadType: unknown value"))
  }

  @Test("a release that needs a newer Apus is refused; versions are compared by their numbers")
  func minimum() throws {
    #expect(refusal { _ = try verify(V.shop, root(), apus: "0.0.12") } == "release acme/shop version 3: needs Apus 0.1.0, and this is 0.0.12")
    for newer in ["0.1.1", "0.10.0", "1.0.0"] { #expect(refusal { _ = try verify(V.shop, root(), apus: newer) } == "") }
  }

  @Test("an envelope and a release have their members, each in its form, and no others")
  func strict() throws {
    let root = try root()
    let image = #""images":{"web":"\#(V.image)"}"#
    let cases: [(String, String)] = [
      (envelope("{}", more: #","extra":1"#), "the release: extra: unknown key"),
      (envelope("{}", signatures: #"[{"sig":"","keyid":"","cert":""}]"#), "the release: signatures[0].cert: unknown key"),
      (envelope("{}", signatures: #"[{"sig":"!","keyid":""}]"#), "the release: signatures[0].sig: expected base64"),
      (
        envelope("{}", signatures: "[" + [String](repeating: #"{"sig":"","keyid":""}"#, count: 33).joined(separator: ",") + "]"),
        "the release: signatures: more than 32"
      ),
      (envelope("{}", more: #","payload":"""#), "the release: line 1, column"),
      (envelope(String(repeating: " ", count: 60_000)), "the release: has more than 65536 bytes"),
      (release(#""application":"acme/shop","version":1,"minimumApus":"1.0.0",\#(image),"expires":"2030-01-01""#), "the release: expires: unknown key"),
      (release(#""application":"acme/shop","version":1,"version":2"#), "the release: line 1"),
      (release(#""application":"acme/shop:1","version":1,"minimumApus":"1.0.0",\#(image)"#), "application: expected the name of an application"),
      (release(#""application":"../shop","version":1,"minimumApus":"1.0.0",\#(image)"#), "application: expected the name of an application"),
      (release(#""application":"acme/shop","version":0,"minimumApus":"1.0.0",\#(image)"#), "version: out of range"),
      (release(#""application":"acme/shop","version":9007199254740992,"minimumApus":"1.0.0",\#(image)"#), "version: out of range"),
      (release(#""application":"acme/shop","version":1.0,"minimumApus":"1.0.0",\#(image)"#), "version: expected an integer"),
      (release(#""application":"acme/shop","version":1,"minimumApus":"1.0",\#(image)"#), "minimumApus: expected a version such as 1.2.3"),
      (release(#""application":"acme/shop","version":1,"minimumApus":"1.0.0","images":{}"#), "images: expected 1 to 64 images"),
      (release(#""application":"acme/shop","version":1,"minimumApus":"1.0.0","images":{"a/b":"\#(V.image)"}"#), "its key is no name of a container"),
      (release(#""application":"acme/shop","version":1,"minimumApus":"1.0.0","images":{"web":"latest"}"#), "images.web: expected a digest"),
      (release(#""application":"acme/shop","version":1,\#(image)"#), "minimumApus: missing"),
    ]
    for (text, expected) in cases {
      let message = refusal { _ = try verify(text, root) }
      #expect(message.contains(expected), "\(message)")
    }
  }

  @Test("the first root has to be signed by itself")
  func firstRoot() throws {
    #expect(try root().version == 1 && root().images == .released)
    for text in [V.root1SignedOnce, V.root1SignedTwiceByOne] {
      #expect(refusal { _ = try root(text) } == "root.json: 1 of the keys of root 1 have signed it, and 2 have to")
    }
  }

  @Test("the next root is signed by the keys of the one before and by its own")
  func rotation() throws {
    let first = try root()
    let second = try first.followed(by: Array(V.root2.utf8), file: "next")
    #expect(second.version == 2 && second.images == .any)
    #expect(refusal { _ = try first.followed(by: Array(V.root2ByOldKeys.utf8), file: "next") } == "next: 0 of the keys of root 2 have signed it, and 2 have to")
    #expect(refusal { _ = try first.followed(by: Array(V.root2ByNewKeys.utf8), file: "next") } == "next: 0 of the keys of root 1 have signed it, and 2 have to")
    #expect(refusal { _ = try first.followed(by: Array(V.root3.utf8), file: "next") } == "next: has version 3, and 2 follows the root that counts")
    #expect(refusal { _ = try second.followed(by: Array(V.root2.utf8), file: "next") } == "next: has version 2, and 3 follows the root that counts")
    #expect(try second.followed(by: Array(V.root3.utf8), file: "next").version == 3)
    // What a and b have signed counts no more.
    #expect(refusal { _ = try verify(V.shop, second) } == "release acme/shop version 3: 0 of the keys of releases[0] of root 2 have signed it, and 1 have to")
    #expect(try verify(V.other, second).rule == "releases[0]")
  }

  @Test("the roots of a store count as far as they are newer than the one on the read-only place, and have to follow it")
  func chain() throws {
    let chain = [V.root2, V.root3].map { Array($0.utf8) }
    #expect(try root().followed(by: []).version == 1)
    #expect(try root().followed(by: chain).version == 3)
    #expect(try root().followed(by: [Array(V.root1.utf8)] + chain).version == 3)
    #expect(try root(V.root3).followed(by: chain).version == 3)
    #expect(try root(V.root2).followed(by: chain).version == 3)
    #expect(refusal { _ = try root().followed(by: [Array(V.root3.utf8)]) } == "root 3: has version 3, and 2 follows the root that counts")
    #expect(refusal { _ = try root().followed(by: [Array(V.root2ByNewKeys.utf8)]) }.hasPrefix("root 2: 0 of the keys of root 1"))
    #expect(refusal { _ = try root().followed(by: chain.reversed()) } != "")
    #expect(refusal { _ = try root().followed(by: [Array("{}".utf8)]) }.hasPrefix("a root of the store: "))
  }

  @Test("a root has its members, each in its form, and no others")
  func strictRoot() throws {
    let key = #""\#(V.pemOfA.replacingOccurrences(of: "\n", with: "\\n"))""#
    let head = #""version":1,"images":"any""#
    let cases: [(String, String)] = [
      (#"\#(head),"keys":[\#(key)],"threshold":1,"releases":[],"expires":1"#, "expires: unknown key"),
      (#"\#(head),"keys":[\#(key)],"threshold":2,"releases":[]"#, "threshold: out of range: 2 is not between 1 and 1"),
      (#"\#(head),"keys":[\#(key)],"threshold":0,"releases":[]"#, "threshold: out of range"),
      (#"\#(head),"keys":[],"threshold":1,"releases":[]"#, "keys: expected 1 to 16 keys"),
      (#"\#(head),"keys":[\#(key),\#(key)],"threshold":2,"releases":[]"#, "keys[1]: is there twice"),
      (#"\#(head),"keys":["x"],"threshold":1,"releases":[]"#, "keys[0]: expected a public key over the curve P-256 in PEM"),
      (#""version":1,"images":"signed","keys":[\#(key)],"threshold":1,"releases":[]"#, "images: unknown value 'signed'"),
      (#"\#(head),"keys":[\#(key)],"threshold":1"#, "releases: missing"),
      (
        #"\#(head),"keys":[\#(key)],"threshold":1,"releases":[{"application":"a*","keys":[\#(key)],"threshold":1}]"#,
        "releases[0].application: expected the name"
      ),
      (
        #"\#(head),"keys":[\#(key)],"threshold":1,"releases":[{"application":"a","keys":[\#(key)],"threshold":1},{"application":"a","keys":[\#(key)],"threshold":1}]"#,
        "releases[1].application: is there twice"
      ),
      (#"\#(head),"keys":[\#(key)],"threshold":1,"releases":[{"application":"a","keys":[\#(key)],"threshold":1,"path":"x"}]"#, "releases[0].path: unknown key"),
    ]
    for (fields, expected) in cases {
      let message = refusal { _ = try root(envelope("{\(fields)}", "application/vnd.apus.root.v1+json")) }
      #expect(message.hasPrefix("root.json: ") && message.contains(expected), "\(message)")
    }
  }

  @Test("an image's name belongs to one application and one container of it, or to none")
  func names() {
    #expect(Release.parts(of: "acme/shop:web").map { "\($0.application) \($0.container)" } == "acme/shop web")
    #expect(Release.parts(of: "acme/shop").map { "\($0.application) \($0.container)" } == "acme/shop latest")
    for name in ["localhost:5000/shop:web", "acme/shop:a/b", "acme/shop@sha256:0", "acme/shop:", ":web", "", "-shop", "a+b:web", "acme/shop:web@sha256:0"] {
      #expect(Release.parts(of: name) == nil, "\(name)")
    }
  }

  @Test("the most specific rule for an application is that of its name, then that of the longest folder")
  func rules() {
    func rank(_ pattern: String, _ name: String) -> Int? { TrustRoot.Delegation(pattern: pattern, role: .none).rank(for: name) }
    #expect(rank("acme/shop", "acme/shop") == Int.max && rank("acme/shop", "acme/shop/web") == nil)
    #expect(rank("acme/*", "acme/shop") ?? 0 > rank("*", "acme/shop") ?? 0)
    #expect(rank("acme/*", "acme") == nil && rank("acme/*", "acme2/shop") == nil && rank("acme/*", "acme/") == nil)
  }
}

extension SigningRole {
  /// Nobody.
  fileprivate static var none: SigningRole { SigningRole(keys: [], threshold: 1) }
}
