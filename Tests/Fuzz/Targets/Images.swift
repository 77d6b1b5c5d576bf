import Linux
import OCI
import TestSupport
import Trust

@testable import Images

/// The documents of an image: each reader gets the same text, as a hostile layout would mix them.
func fuzzImage(_ input: [UInt8]) {
  attempt { () throws(SpecError) in _ = try ImageLayout(parsing: input) }
  attempt { () throws(SpecError) in
    let index = try ImageIndex(parsing: input)
    for device in devices {
      do throws(PlatformError) {
        let found = try index.select(for: device)
        require(found.role == .manifest || found.role == .index, "what is selected leads to an image")
      } catch { requireMessage(error.message) }
    }
  }
  attempt { () throws(SpecError) in
    for image in try DockerSavedImage.list(parsing: input) { require(!image.config.utf8.isEmpty, "an image has a configuration") }
  }
  attempt { () throws(SpecError) in
    let manifest = try ImageManifest(parsing: input)
    for layer in manifest.layers { require(layer.role != nil && layer.size <= UInt64(Int64.max), "a layer is of a known type") }
  }
  attempt { () throws(SpecError) in
    let config = try ImageConfig(parsing: input)
    for device in devices { _ = device.canRun(config.platform) }
    specify(config)
  }
  storeRecord(input)
}

private let devices = [Platform(architecture: "arm64", variant: "v8"), Platform(architecture: "arm", variant: "v7"), Platform(architecture: "amd64")]

private func attempt(_ body: () throws(SpecError) -> Void) {
  do throws(SpecError) { try body() } catch { requireLine(error.message) }
}

private let someDigest: Digest = {
  do { return try Digest("sha256:" + String(repeating: "0", count: 64)) } catch { fatalError("\(error)") }
}()

private func specify(_ config: ImageConfig) {
  do throws(ImageError) {
    let image = StoredImage(
      record: ImageRecord(name: "fuzz", manifest: someDigest, config: someDigest, layers: config.diffIDs, size: 1), config: config, layers: [])
    let run = try specification(for: image, root: "/root", options: RunOptions(id: try fuzzID(), env: ["A=B", "PATH=/bin"], terminal: true))
    let names = (run.spec.process?.env ?? []).map { Array($0.utf8.prefix { $0 != 0x3D }) }
    require(Set(names).count == names.count, "a variable is set once")
    require(run.spec.process?.args.first?.utf8.isEmpty == false, "there is a program")
    // It is kept as a document, and read again by exec.
    do throws(SpecError) {
      require(try Spec(parsing: run.spec.keptDocument()).process?.args == run.spec.process?.args, "the document for exec keeps the program")
    } catch { fatalError("the document for exec: \(error.message)") }
  } catch { requireMessage(error.message) }
}

private func fuzzID() throws(ImageError) -> ContainerID {
  do throws(ContainerIDError) { return try ContainerID("fuzz") } catch { throw ImageError(.invalid, "\(error.message)") }
}

/// A record of the store with the right checksum around any text.
private func storeRecord(_ input: [UInt8]) {
  guard let digest = digest(of: input, .sha256) else { return }
  let stored = input + [0x0A] + Array(digest.text.utf8) + [0x0A]
  do throws(ImageError) {
    let record = try ImageRecord(stored: stored, from: "the record")
    require(try ImageRecord(stored: record.stored(), from: "the record") == record, "a record is read as it was written")
  } catch { requireMessage(error.message) }
}

/// An archive, as it is and with the checksums put right; it is read the same in pieces of any size.
func fuzzArchive(_ input: [UInt8]) {
  read(input)
  let right = signed(input)
  if right != input { read(right) }
}

private func read(_ archive: [UInt8]) {
  let (entries, failure) = entries(archive, piece: 512)
  for (entry, bytes) in entries {
    require(entry.size == UInt64(bytes), "an entry has as much data as it says")
    require(!entry.name.bytes.contains(0) && entry.mode <= 0o7777 && entry.user != .max && entry.group != .max, "an entry is what the kernel takes")
    require(entry.modified.nanoseconds >= 0 && entry.modified.nanoseconds < 1_000_000_000, "a time has less than a second of nanoseconds")
    do throws(LayerFault) {
      switch try LayerName.parse(entry.name, limits: Limits()) {
      case .file(let parent, let name), .whiteout(let parent, let name):
        require((parent + [name]).allSatisfy { $0 != ".." && $0 != "." && !$0.isEmpty && !$0.bytes.contains(0x2F) }, "a name does not lead out")
      case .opaque(let directory): require(directory.allSatisfy { $0 != ".." && $0 != "." && !$0.bytes.contains(0x2F) }, "a name does not lead out")
      case .root, .aufs: break
      }
    } catch { requireMessage(error.reason) }
  }
  if let failure { requireMessage(failure) }
  let (again, sameFailure) = entriesInOddPieces(archive)
  require(again.elementsEqual(entries) { isSame($0.0, $1.0) && $0.1 == $1.1 } && failure == sameFailure, "an archive is the same in pieces of another size")
}

/// An archive with images: what is where in it, and where its links lead. It is the same whether data is read or passed over, and nothing lies outside of it.
func fuzzSavedArchive(_ input: [UInt8]) {
  let archive = signed(input)
  let (read, failure) = contents(archive, skipping: false)
  let (skipped, sameFailure) = contents(archive, skipping: true)
  require(failure == sameFailure, "an archive is as good when its data is passed over")
  if let failure { requireMessage(failure) }
  guard let read, let skipped else { return }
  for name in read.names {
    let (one, other) = (read.find(name), skipped.find(name))
    require(one?.name == other?.name && one?.start == other?.start && one?.size == other?.size, "an entry is found where it is")
    if let one { require(one.target == nil && one.start + one.size <= UInt64(archive.count), "what is found is a file inside of the archive") }
    require(name.components.allSatisfy { !$0.elementsEqual([0x2E, 0x2E]) }, "a name does not lead out")
  }
}

private func contents(_ archive: [UInt8], skipping: Bool) -> (ArchiveContents?, String?) {
  let pieces = Pieces(archive, of: 1024)
  let skip = { (count: UInt64) throws(LayerError) in pieces.skip(count) }
  let reader = TarReader(limits: Limits(), skip: skipping ? skip : nil) { () throws(LayerError) in pieces.next() }
  do throws(LayerError) {
    return (try ArchiveContents(reader, limits: Limits()) { (_) throws(LayerError) in reader.position }, nil)
  } catch { return (nil, error.message) }
}

private func isSame(_ left: TarEntry, _ right: TarEntry) -> Bool {
  left.name == right.name && left.kind == right.kind && left.linkName == right.linkName && left.mode == right.mode && left.user == right.user
    && left.group == right.group && left.size == right.size && left.modified == right.modified && left.deviceMajor == right.deviceMajor
    && left.deviceMinor == right.deviceMinor && left.attributes == right.attributes
}

private func entriesInOddPieces(_ archive: [UInt8]) -> ([(TarEntry, Int)], String?) { entries(archive, piece: 200) }

/// The entries with the bytes of their data, and what the end of them was.
private func entries(_ archive: [UInt8], piece: Int) -> ([(TarEntry, Int)], String?) {
  let reader = reader(archive, piece: piece)
  var found: [(TarEntry, Int)] = []
  do throws(LayerError) {
    while let entry = try reader.next() {
      var bytes = 0
      while let piece = try reader.piece() { bytes += piece.count }
      found.append((entry, bytes))
    }
    return (found, nil)
  } catch { return (found, error.message) }
}

/// A reader of an archive in memory that gives it in pieces.
func reader(_ archive: [UInt8], piece: Int) -> TarReader {
  let pieces = Pieces(archive, of: piece)
  return TarReader(limits: Limits()) { () throws(LayerError) in pieces.next() }
}

/// The archive with a right checksum in each block that looks like a header, so that changes get past it.
func signed(_ archive: [UInt8]) -> [UInt8] {
  var archive = archive
  var start = 0
  while start + 512 <= archive.count {
    if archive[start + 257] == 0x75, archive[start + 258] == 0x73 {
      var sum = 0
      for index in 0..<512 { sum += (148..<156).contains(index) ? 0x20 : Int(archive[start + index]) }
      for digit in 0..<6 { archive[start + 153 - digit] = UInt8(0x30 + (sum >> (3 * digit) & 7)) }
      archive[start + 154] = 0
      archive[start + 155] = 0x20
    }
    start += 512
  }
  return archive
}

/// A gzip stream: it comes out the same whatever room there is for it, and every step gets on.
func fuzzGzip(_ input: [UInt8]) {
  fuzzCompressed(input) { () -> Step? in
    guard let inflater = Inflater() else { return nil }
    return { inflater.step(&$0, &$1) }
  }
}

/// Zstandard frames: the same.
func fuzzZstd(_ input: [UInt8]) {
  fuzzCompressed(input) { () -> Step? in
    guard let frames = ZstdFrames() else { return nil }
    return { frames.step(&$0, &$1) }
  }
}

private typealias Step = (inout UnsafeRawBufferPointer, inout UnsafeMutableRawBufferPointer) -> Inflater.Outcome

private func fuzzCompressed(_ input: [UInt8], _ make: () -> Step?) {
  let (bytes, outcome) = unpack(input, room: 4096, make())
  let (again, sameOutcome) = unpack(input, room: 61, make())
  // Of a stream that is damaged, what the step before the fault would have given may be missing.
  require(bytes.count < again.count ? again.starts(with: bytes) : bytes.starts(with: again), "a stream is the same in pieces of another size")
  guard let outcome, let sameOutcome else { return }
  require(outcome == sameOutcome && (outcome != .more || bytes == again), "a stream ends the same in pieces of another size")
}

private func unpack(_ input: [UInt8], room: Int, _ step: Step?) -> ([UInt8], Inflater.Outcome?) {
  guard let step else { return ([], nil) }
  var result: [UInt8] = []
  var output = [UInt8](repeating: 0, count: room)
  var outcome = Inflater.Outcome.more
  input.withUnsafeBytes { bytes in
    var rest = bytes
    var isDone = false
    // Deflate makes at most 1,032 bytes of one; Zstandard can make many more.
    while outcome == .more, !isDone, result.count < 1 << 17 {
      let before = rest.count
      var given = 0
      output.withUnsafeMutableBytes { buffer in
        var left = buffer
        outcome = step(&rest, &left)
        given = buffer.count - left.count
      }
      require(given >= 0 && given <= room && rest.count <= before, "a step stays inside its buffers")
      result += output[..<given]
      isDone = given == 0 && rest.count == before || rest.isEmpty && given < room
    }
  }
  return (Array(result.prefix(1 << 17)), result.count < 1 << 17 ? outcome : nil)
}
