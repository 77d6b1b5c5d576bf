internal import Linux
internal import OCI

/// The archive in a layer's blob, while everything that was promised about it is verified: the blob's size and digest, and the archive's digest.
///
/// No byte beyond the descriptor's size is looked at, and the archive is not a layer until `finish` has returned.
final class LayerStream {
  private let file: FileDescriptor
  private let size: UInt64
  private let digest: Digest
  private let diffID: Digest
  private let limits: Limits
  private let blobHash: HashStream
  /// Nil when the archive is the blob, so that one hash is enough.
  private let archiveHash: HashStream?
  private let inflater: Inflater?
  private let buffer: UnsafeMutableRawBufferPointer
  /// What of the buffer has not been decompressed yet.
  private var input = UnsafeRawBufferPointer(start: nil, count: 0)
  private var blobEnded = false
  private var isFinished = false
  /// Bytes of the blob, and of the archive, so far.
  private(set) var bytesRead: UInt64 = 0
  private(set) var bytesUnpacked: UInt64 = 0

  init(_ file: consuming FileDescriptor, _ descriptor: Descriptor, compressed: Bool, diffID: Digest, limits: Limits) throws(LayerError) {
    guard let blobHash = HashStream(descriptor.digest.algorithm) else { throw LayerError(.noMemory) }
    let isSame = !compressed && diffID.algorithm == descriptor.digest.algorithm
    let archiveHash = isSame ? nil : HashStream(diffID.algorithm)
    let inflater = compressed ? Inflater() : nil
    guard isSame || archiveHash != nil, !compressed || inflater != nil else { throw LayerError(.noMemory) }
    self.file = file
    self.size = descriptor.size
    self.digest = descriptor.digest
    self.diffID = diffID
    self.limits = limits
    self.blobHash = blobHash
    self.archiveHash = archiveHash
    self.inflater = inflater
    buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Fills (some of) `output` with the archive; 0 is its end.
  func read(into output: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    var count = 0
    if let inflater { count = try inflate(inflater, into: output) } else { count = try readBlob(into: output) }
    bytesUnpacked += UInt64(count)
    if bytesUnpacked > limits.bytes { throw LayerError(.tooManyBytes(limit: limits.bytes)) }
    if bytesUnpacked > limits.ratioFloor, bytesUnpacked / limits.ratio > bytesRead { throw LayerError(.ratio(limit: limits.ratio)) }
    archiveHash?.add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(output)[..<count]))
    return count
  }

  /// Reads what comes after the end of the archive, which belongs to it as far as digests are concerned, and verifies everything.
  func finish() throws(LayerError) {
    let rest = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { rest.deallocate() }
    while try read(into: rest) > 0 {}
    try verifyBlob()
    var foundDiffID = digest
    if let archiveHash {
      guard let hash = archiveHash.finish() else { throw LayerError(.noMemory) }
      foundDiffID = hash
    }
    if foundDiffID != diffID { throw LayerError(.wrongDiffID(expected: diffID.text, found: foundDiffID.text)) }
  }

  private func inflate(_ inflater: Inflater, into output: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    var room = output
    while room.count == output.count {
      if input.isEmpty, !blobEnded {
        let count = try readBlob(into: buffer)
        blobEnded = count == 0
        input = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
      }
      if input.isEmpty, blobEnded {
        let before = room.count
        try check(inflater.step(&input, &room))
        if room.count < before { break }
        if bytesRead < size { throw LayerError(.wrongSize(expected: size)) }
        if !inflater.mayEnd { throw LayerError(.truncated) }
        break
      }
      try check(inflater.step(&input, &room))
    }
    return output.count - room.count
  }

  private func check(_ outcome: Inflater.Outcome) throws(LayerError) {
    switch outcome {
    case .more: return
    case .damaged: throw LayerError(.notGzip)
    case .garbageAfterEnd: throw LayerError(.garbageAfterGzip)
    case .noMemory: throw LayerError(.noMemory)
    }
  }

  /// The truest account of a fault that was met before the end of the blob: when the blob is not what its descriptor says, then that is what is wrong, and
  /// whatever was found in it is not the image's fault. For this the rest of the blob is hashed; nothing else is done with it.
  func explain(_ error: LayerError) -> LayerError {
    if isFinished { return error }
    switch error.fault {
    case .system, .longerThanDescriptor: return error
    default: break
    }
    do throws(LayerError) {
      while try readBlob(into: buffer) > 0 {}
      try verifyBlob()
      return error
    } catch {
      return error
    }
  }

  private func verifyBlob() throws(LayerError) {
    isFinished = true
    if bytesRead < size { throw LayerError(.wrongSize(expected: size)) }
    guard let found = blobHash.finish() else { throw LayerError(.noMemory) }
    if found != digest { throw LayerError(.wrongDigest(found: found.text)) }
  }

  private func readBlob(into output: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    var count = 0
    do throws(Errno) { count = try file.read(into: output) } catch { throw LayerError(.system(SystemError("read", "the blob", error))) }
    if UInt64(count) > size - bytesRead { throw LayerError(.longerThanDescriptor(expected: size)) }
    bytesRead += UInt64(count)
    blobHash.add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(output)[..<count]))
    return count
  }
}
