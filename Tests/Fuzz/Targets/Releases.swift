import OCI

@testable import Images
@testable import Trust

/// Roots, releases, their envelopes, and what the store keeps of them: each reader gets the same text, alone and as what an envelope holds. Nothing counts that is not signed.
func fuzzReleases(_ input: [UInt8]) {
  for (type, name) in [(Release.mediaType, "release"), (TrustRoot.payloadType, "root")] as [(Literal, Text)] {
    reading { () throws(TrustError) in
      let envelope = try Envelope(parsing: input, type: type, name: name)
      require(envelope.signatures.count <= Envelope.signatureLimit && envelope.signedBytes.count > envelope.payload.count, "an envelope is bounded")
    }
  }
  let unsigned = #"{"payloadType":"\#(Release.mediaType)","payload":"\#(base64(input))","signatures":[]}"#
  reading { () throws(TrustError) in
    let release = try Release.parse(input)
    require(!release.images.isEmpty && Release.versions.contains(release.version), "a release has images and a version")
    for image in release.images {
      let parts = Release.parts(of: "\(release.application):\(image.container)")
      require(parts?.application == release.application && parts?.container == image.container, "an image's name has one application and one container")
    }
    _ = try someRoot.verify(release: Array(unsigned.utf8), apus: "999.0.0")
    require(false, "a release that nobody has signed is none")
  }
  reading { () throws(TrustError) in
    let verified = try someRoot.verify(release: input, apus: "999.0.0")
    require(verified.keys.count == 2 && verified.keys[0] != verified.keys[1], "two keys have signed")
  }
  reading { () throws(TrustError) in
    let root = #"{"payloadType":"\#(TrustRoot.payloadType)","payload":"\#(base64(input))","signatures":[]}"#
    _ = try TrustRoot.first(Array(root.utf8), file: "root.json")
    require(false, "a root that nobody has signed is none")
  }
  reading { () throws(TrustError) in _ = try someRoot.followed(by: [input]) }
  let line = input.filter { $0 != 0x0A }
  do throws(ImageError) {
    let record = try ApplicationRecord(stored: withChecksum(line), from: "record")
    let stored = try record.stored()
    let again = try ApplicationRecord(stored: stored, from: "record").stored()
    require(stored == again, "a record is read as it was written")
  } catch { requireMessage(error.message) }
  do throws(ImageError) {
    let roots = try readRoots(withChecksum(line), "roots")
    require(try readRoots(storedRoots(roots), "roots") == roots, "roots are read as they were written")
  } catch { requireMessage(error.message) }
}

private func reading(_ body: () throws(TrustError) -> Void) {
  do throws(TrustError) { try body() } catch { requireMessage(error.message) }
}

/// RFC 4648, section 4.
private func base64(_ bytes: [UInt8]) -> String {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    var bits = 0
    for byte in group { bits = bits << 8 | Int(byte) }
    bits <<= 8 * (3 - group.count)
    for place in 0..<4 { text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : 0x3D) }
  }
  return String(decoding: text, as: UTF8.self)
}

/// The root of the unit tests' vectors: two keys for acme/*.
nonisolated(unsafe) private let someRoot: TrustRoot = {
  let text =
    #"{"payload":"eyJ2ZXJzaW9uIjoxLCJ0aHJlc2hvbGQiOjIsImtleXMiOlsiLS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS1cbk1Ga3dFd1lIS29aSXpqMENBUVlJS29aSXpqMERBUWNEUWdBRS9XeHRDck5DVXRhcStIN29waGFXUUlkdlowbnlcbk9XMFh2VGRSbFVlWE83MWJlYlpUcG5NbVVjNVdYcEMwTDFJeklWRWVhT203UWVmdEdUTjRjazZ2QVE9PVxuLS0tLS1FTkQgUFVCTElDIEtFWS0tLS0tXG4iLCItLS0tLUJFR0lOIFBVQkxJQyBLRVktLS0tLVxuTUZrd0V3WUhLb1pJemowQ0FRWUlLb1pJemowREFRY0RRZ0FFWEswTy9PTTc0NFJIVlpYWTJNSEZhMEhycy9tblxuUVdTV3dOVUdyYU43UnU2UE91VnNUOEhaY3V4MkJ1TU9xWnovcVdabDdYb1lsdHY3b3hFMFBGdlpHUT09XG4tLS0tLUVORCBQVUJMSUMgS0VZLS0tLS1cbiIsIi0tLS0tQkVHSU4gUFVCTElDIEtFWS0tLS0tXG5NRmt3RXdZSEtvWkl6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVtVUhBNHNGL3Q5eHlXY0dQaUVDcE1Jc0JUR3l0XG5vRmlmdlo5M0svL3ZWRnRWQWNydmpONlNRT2ZHU3luOCtYNzYwcU1lVkpCU1RtNTlVekRwc09xMTVnPT1cbi0tLS0tRU5EIFBVQkxJQyBLRVktLS0tLVxuIl0sImltYWdlcyI6InJlbGVhc2VkIiwicmVsZWFzZXMiOlt7ImFwcGxpY2F0aW9uIjoiYWNtZS8qIiwia2V5cyI6WyItLS0tLUJFR0lOIFBVQkxJQyBLRVktLS0tLVxuTUZrd0V3WUhLb1pJemowQ0FRWUlLb1pJemowREFRY0RRZ0FFZlZVK2ZWSW5sc2V6dGM0OGcwamlmSEkyMCtyMFxueEdCRFpRZDhRTHlYU3VaeGUzUGxoWHdaV2phUXJ4QlRJTnNOM1RhM0dtTmJoRE9UZHcvcThZclA0dz09XG4tLS0tLUVORCBQVUJMSUMgS0VZLS0tLS1cbiIsIi0tLS0tQkVHSU4gUFVCTElDIEtFWS0tLS0tXG5NRmt3RXdZSEtvWkl6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVIeGt5Rm4yb0xRV1BVbFNwZFN3WXVZN2ZxV0NOXG5tdHBBQWtWdU5uYjQxNEs4TmsxV0NWd2ZFSGUzNmJmdEduTUhNUU8wT1RKTUdGbHdjSTNnMlJOMFhnPT1cbi0tLS0tRU5EIFBVQkxJQyBLRVktLS0tLVxuIl0sInRocmVzaG9sZCI6Mn0seyJhcHBsaWNhdGlvbiI6ImFjbWUvc29sbyIsImtleXMiOlsiLS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS1cbk1Ga3dFd1lIS29aSXpqMENBUVlJS29aSXpqMERBUWNEUWdBRWZWVStmVklubHNlenRjNDhnMGppZkhJMjArcjBcbnhHQkRaUWQ4UUx5WFN1WnhlM1BsaFh3WldqYVFyeEJUSU5zTjNUYTNHbU5iaERPVGR3L3E4WXJQNHc9PVxuLS0tLS1FTkQgUFVCTElDIEtFWS0tLS0tXG4iXSwidGhyZXNob2xkIjoxfV19","payloadType":"application/vnd.apus.root.v1+json","signatures":[{"keyid":"db5860f188d2ab81a7acb93d0e4aadf0393054e7558fba4ddda0d34f060f5b31","sig":"MEYCIQCTQ9ireKbNMsQmolbJ633J8tUQuEt6fKWTZieMdRZskgIhAOf8OlE2iB2no2+rN47oIxhcg7ufgIWD5TDbm1L/zme2"},{"keyid":"034b9a6d4c672f052462b0f5b23675ead5f810d7c3c5ea6ff16949faa3617f6f","sig":"MEYCIQD75fen7m3sJANzsVU4xsK7ez2qPzzfrt+cepnPJf6BpAIhAI2o7Ktil8dhwnouZZafayJkCdfwTURHdQp0bekLAYFx"}]}"#
  do throws(TrustError) { return try TrustRoot.first(Array(text.utf8), file: "root.json") } catch { fatalError(error.message) }
}()
