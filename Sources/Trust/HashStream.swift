internal import CCrypto
public import OCI

/// The digest of bytes that pass by.
public final class HashStream {
  public let algorithm: DigestAlgorithm
  private let hash: OpaquePointer

  /// Nil when there is no memory.
  public init?(_ algorithm: DigestAlgorithm) {
    guard let hash = ccrypto_hash_new(algorithm == .sha512 ? 1 : 0) else { return nil }
    self.algorithm = algorithm
    self.hash = hash
  }

  deinit { ccrypto_hash_free(hash) }

  public func add(_ bytes: UnsafeRawBufferPointer) {
    // mbedTLS fails only where a hardware engine does, and none is configured: a wrong hash would then come out, which verification refuses.
    _ = ccrypto_hash_update(hash, bytes.baseAddress, bytes.count)
  }

  /// Ends the hash: nothing can be added after it.
  public func finish() -> Digest? { finishBytes().flatMap { Digest(algorithm: algorithm, hash: $0) } }

  /// Ends the hash, and gives it as bytes.
  func finishBytes() -> [UInt8]? {
    var result = [UInt8](repeating: 0, count: algorithm.byteCount)
    let status = result.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map { ccrypto_hash_finish(hash, $0) } ?? -1
    }
    return status == 0 ? result : nil
  }
}

/// The digest of `bytes`; nil when there is no memory for it.
public func digest(of bytes: [UInt8], _ algorithm: DigestAlgorithm) -> Digest? {
  guard let stream = HashStream(algorithm) else { return nil }
  bytes.withUnsafeBytes { stream.add($0) }
  return stream.finish()
}
