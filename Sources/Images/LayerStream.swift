internal import Linux
internal import OCI
internal import Trust

/// The archive in a layer's blob, while everything that was promised about it is verified: the blob's size and digest, and the archive's digest.
///
/// No byte beyond the descriptor's size is looked at, and the archive is not a layer until `finish` has returned.
final class LayerStream {
  private let blob: LayerBlob
  private let compression: LayerCompression
  /// How it is compressed really, when that is not what its media type says.
  private let contradiction: LayerCompression?
  private let diffID: Digest
  private let limits: Limits
  /// Nil when the archive is the blob, so that one hash is enough.
  private let archiveHash: HashStream?
  /// Bytes of the archive so far.
  private(set) var bytesUnpacked: UInt64 = 0

  init(_ bytes: Extent, _ descriptor: Descriptor, _ compression: LayerCompression, diffID: Digest, limits: Limits) throws(LayerError) {
    var start: [UInt8] = []
    do throws(Errno) { start = try bytes.readStart() } catch { throw LayerError(.system(SystemError("read", "the blob", error))) }
    let found = (try? LayerCompression.found(in: start)) ?? .none
    // What begins like neither is for the decompressor to refuse.
    contradiction = compression == .none || found == .none || found == compression ? nil : found
    let compressed = compression != .none
    guard let blob = LayerBlob(bytes, descriptor) else { throw LayerError(.noMemory) }
    let isSame = !compressed && diffID.algorithm == descriptor.digest.algorithm
    let archiveHash = isSame ? nil : HashStream(diffID.algorithm)
    guard isSame || archiveHash != nil else { throw LayerError(.noMemory) }
    self.blob = blob
    self.compression = compression
    self.diffID = diffID
    self.limits = limits
    self.archiveHash = archiveHash
  }

  /// Bytes of the blob so far.
  var bytesRead: UInt64 { blob.bytesRead }

  /// A reader of the archive; `keep` gets all of it but the data of files. The archive is that of the layer once there are no more entries and `finish` has returned.
  func reader(start: ReaderStart, keep: @escaping ByteSink) throws(LayerError) -> ArchiveReader {
    if let contradiction { throw LayerError(.otherCompression(found: contradiction.name, declared: compression.name)) }
    let blob = blob
    var unpacked: UnpackedBytes?
    if compression != .none {
      unpacked = try UnpackedBytes(compression, limits: limits, start: start) { (buffer) throws(LayerError) in try blob.read(into: buffer) }
    }
    // What is parsed is what was hashed: whoever decompressed it cannot reach this buffer, and whoever parses it has not seen it. Layers are known by that hash.
    let input = ReaderInput { (buffer) throws(LayerError) in
      let count = if let unpacked { try unpacked.read(into: buffer) } else { try blob.read(into: buffer) }
      try self.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]), unpacked?.consumed ?? blob.bytesRead)
      return count
    }
    return try ArchiveReader(ReaderTask(purpose: .layer, compression: .none, limits: limits), input, start: start, keep: keep)
  }

  /// Counts and hashes what comes next of the archive, for which `consumed` bytes of the blob were read.
  private func add(_ piece: UnsafeRawBufferPointer, _ consumed: UInt64) throws(LayerError) {
    bytesUnpacked += UInt64(piece.count)
    if bytesUnpacked > limits.bytes { throw LayerError(.tooManyBytes(limit: limits.bytes)) }
    if bytesUnpacked > limits.ratioFloor, bytesUnpacked / limits.ratio > consumed { throw LayerError(.ratio(limit: limits.ratio)) }
    archiveHash?.add(piece)
  }

  /// Verifies everything, once all has been read.
  func finish() throws(LayerError) {
    try blob.verify()
    var foundDiffID = blob.digest
    if let archiveHash {
      guard let hash = archiveHash.finish() else { throw LayerError(.noMemory) }
      foundDiffID = hash
    }
    if foundDiffID != diffID { throw LayerError(.wrongDiffID(expected: diffID.text, found: foundDiffID.text)) }
  }

  /// The truest account of a fault that was met before the end of the blob: when the blob is not what its descriptor says, then that is what is wrong, and
  /// whatever was found in it is not the image's fault. For this the rest of the blob is hashed; nothing else is done with it.
  func explain(_ error: LayerError) -> LayerError {
    if blob.isVerified { return error }
    switch error.fault {
    case .system, .longerThanDescriptor: return error
    default: break
    }
    let rest = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { rest.deallocate() }
    do throws(LayerError) {
      while try blob.read(into: rest) > 0 {}
      try blob.verify()
      return error
    } catch {
      return error
    }
  }
}

/// The bytes of a layer's blob, counted and hashed while they are read.
final class LayerBlob {
  let digest: Digest
  private let bytes: Extent
  private let size: UInt64
  private let hash: HashStream
  private(set) var bytesRead: UInt64 = 0
  /// Whether it was read to its end and compared with its descriptor, whatever came of it.
  private(set) var isVerified = false

  /// Nil when there is no memory.
  init?(_ bytes: Extent, _ descriptor: Descriptor) {
    guard let hash = HashStream(descriptor.digest.algorithm) else { return nil }
    self.bytes = bytes
    self.hash = hash
    digest = descriptor.digest
    size = descriptor.size
  }

  func read(into output: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    var count = 0
    do throws(Errno) { count = try bytes.read(into: output) } catch { throw LayerError(.system(SystemError("read", "the blob", error))) }
    if UInt64(count) > size - bytesRead { throw LayerError(.longerThanDescriptor(expected: size)) }
    if count == 0, bytesRead < size { throw LayerError(.wrongSize(expected: size)) }
    bytesRead += UInt64(count)
    hash.add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(output)[..<count]))
    return count
  }

  /// The SHA-256 of bytes that are read for nothing else.
  static func digest(of bytes: Extent) throws(LayerError) -> Digest {
    guard let hash = HashStream(.sha256) else { throw LayerError(.noMemory) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { buffer.deallocate() }
    do throws(Errno) {
      while true {
        let count = try bytes.read(into: buffer)
        if count == 0 { break }
        hash.add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
      }
    } catch {
      throw LayerError(.system(SystemError("read", "the blob", error)))
    }
    guard let digest = hash.finish() else { throw LayerError(.noMemory) }
    return digest
  }

  func verify() throws(LayerError) {
    isVerified = true
    if bytesRead < size { throw LayerError(.wrongSize(expected: size)) }
    guard let found = hash.finish() else { throw LayerError(.noMemory) }
    if found != digest { throw LayerError(.wrongDigest(found: found.text)) }
  }
}
