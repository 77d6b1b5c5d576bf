internal import CCrypto

/// What base64 text stands for (RFC 4648, section 4, with padding); nil when it is none. Line breaks, which mbedTLS would pass over, are none.
@inline(never)
func decodingBase64(_ text: String) -> [UInt8]? {
  let bytes = Array(text.utf8)
  for byte in bytes where byte <= 0x20 { return nil }
  var decoded = [UInt8](repeating: 0, count: bytes.count / 4 * 3)
  let count = decoded.withUnsafeMutableBufferPointer { decoded in
    bytes.withUnsafeBufferPointer { ccrypto_base64_decode(decoded.baseAddress, decoded.count, $0.baseAddress, $0.count) }
  }
  // Nothing decodes to nothing, and has no place to go to.
  if bytes.isEmpty { return [] }
  guard count >= 0 else { return nil }
  decoded.removeSubrange(count...)
  return decoded
}
