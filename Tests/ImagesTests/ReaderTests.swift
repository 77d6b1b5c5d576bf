import Linux
import OCI
import TestSupport
import Testing

@testable import Images

/// What a reader of an archive makes of what `say` says in place of the process that reads it, which `signal` then ends.
private func entries(
  _ purpose: ReaderTask.Purpose = .layer, signal: Int32? = nil, _ say: (inout RecordWriter) -> Void
) -> (data: [[UInt8]], kept: [UInt8], error: String?) {
  var data: [[UInt8]] = []
  var kept: [UInt8] = []
  var records = RecordWriter()
  say(&records)
  let task = ReaderTask(purpose: purpose, compression: .none, limits: Limits())
  let input = Pieces((0..<3000).map { UInt8(truncatingIfNeeded: $0) }, of: 1000)
  let bytes = ReaderInput(
    fill: { (buffer) throws(LayerError) in
      let piece = input.next()
      buffer.copyMemory(from: piece)
      return piece.count
    }, skip: { $0 <= 100 })
  let error = message {
    let start = { (_: ReaderTask, _: SharedMemory) throws(Errno) in
      var pair = try Channel.makePair()
      // In packets that end anywhere.
      for byte in 0..<(records.bytes.count + 6) / 7 { try pair.second.send(Array(records.bytes[(byte * 7)..<min(records.bytes.count, byte * 7 + 7)])) }
      pair.second.close()
      return ReaderProcess(pair) { signal }
    }
    let reader = try ArchiveReader(task, bytes, start: start) { (bytes) throws(LayerError) in kept += bytes }
    while try reader.next() != nil {
      data.append([])
      while let piece = try reader.piece() { data[data.count - 1] += piece }
    }
  }
  return (data, kept, error)
}

private func file(_ name: Path, size: UInt64) -> TarEntry {
  let entry = TarEntry(name: name, kind: .file, modified: FileTime(seconds: -1, nanoseconds: 999_999_999))
  entry.size = size
  return entry
}

private let nonsense = "the process that read it told nonsense of it"

@Suite("what the process without rights tells of an archive")
struct ReaderTests {
  @Test("is taken in the order of the archive")
  func order() {
    let told = entries {
      $0.append(.block(0, count: 1000, consumed: 1000))
      $0.append(.keep(10))
      $0.append(.entry(file("a", size: 1500), position: 10))
      $0.append(.data(990))
      $0.append(.done(0))
      $0.append(.block(1, count: 1000, consumed: 2000))
      $0.append(.data(510))
      $0.append(.keep(490))
      $0.append(.end)
    }
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
    let second = (1000..<2000).map { UInt8(truncatingIfNeeded: $0) }
    #expect(told.error == nil)
    #expect(told.data == [Array(bytes[10...] + second[..<510])])
    #expect(told.kept == Array(bytes[..<10] + second[510...]))
  }

  @Test("comes as it was said: every kind of record, with all of its values")
  func values() throws {
    let entry = TarEntry(name: "d/link", kind: .symbolicLink, modified: FileTime(seconds: -5, nanoseconds: 7))
    entry.linkName = "../target"
    (entry.mode, entry.user, entry.group, entry.deviceMajor, entry.deviceMinor) = (0o4755, 1, 4_294_967_294, 8, 9)
    entry.attributes = [TarAttribute(name: "user.a", value: [0, 1, 255]), TarAttribute(name: "user.b", value: [])]
    let faults: [LayerFault] = [
      .truncated, .notGzip, .garbageAfterGzip, .notZstd, .windowTooLarge, .badChecksum, .badNumber(field: .user), .negativeNumber(field: .size), .nulInName,
      .unknownType(200), .sparse, .metadataTooLong(limit: 1 << 20), .badExtendedHeader, .globalHeaderChangesEntries, .metadataWithoutEntry, .metadataTwice,
      .oneZeroBlock, .noMemory, .notConfined(.notPermitted), .notFiltered(.invalidArgument),
    ]
    var writer = RecordWriter()
    writer.append(.entry(entry, position: 12345))
    for fault in faults { writer.append(.fault(LayerError(fault, entry: "x"))) }
    var stream = RecordStream(limits: Limits())
    writer.bytes.withUnsafeBytes { stream.append($0) }
    guard case .entry(let again, 12345) = try stream.next() else {
      Issue.record("no entry")
      return
    }
    #expect(again.name == entry.name && again.kind == entry.kind && again.linkName == entry.linkName && again.modified == entry.modified)
    #expect((again.mode, again.user, again.group, again.deviceMajor, again.deviceMinor) == (0o4755, 1, 4_294_967_294, 8, 9))
    #expect(again.attributes == entry.attributes)
    for fault in faults {
      guard case .fault(let error) = try stream.next() else {
        Issue.record("no fault for: \(fault.reason)")
        return
      }
      #expect(error.message == LayerError(fault, entry: "x").message)
    }
    #expect(try stream.next() == nil)
  }

  @Test("is refused when it has more data than the entry, or than is there")
  func tooMuch() {
    for count in [11, 1000] {
      let told = entries {
        $0.append(.block(0, count: 1000, consumed: 1000))
        $0.append(.entry(file("a", size: 10), position: 0))
        $0.append(.data(count))
        $0.append(.end)
      }
      #expect(told.error == nonsense)
    }
    for record in [
      ReaderRecord.data(1001), .keep(1001), .data(0), .block(0, count: 0, consumed: 0), .block(0, count: 1 << 20, consumed: 0),
      .block(9, count: 1, consumed: 0), .done(4),
    ] {
      let told = entries {
        $0.append(.block(0, count: 1000, consumed: 1000))
        $0.append(.entry(file("a", size: 5000), position: 0))
        $0.append(record)
        $0.append(.end)
      }
      #expect(told.error == nonsense)
    }
  }

  @Test("is refused when data of an entry are missing")
  func tooLittle() {
    for record in [ReaderRecord.end, .entry(file("b", size: 0), position: 0), .keep(1), .skip(1)] {
      let told = entries {
        $0.append(.block(0, count: 1000, consumed: 1000))
        $0.append(.entry(file("a", size: 10), position: 0))
        $0.append(.data(9))
        $0.append(record)
        $0.append(.end)
      }
      #expect(told.error == nonsense)
    }
  }

  @Test("is refused when an entry is none that an archive can have")
  func impossible() throws {
    let wrong: [(String, (TarEntry) -> Void)] = [
      ("mode", { $0.mode = 0o10000 }), ("user", { $0.user = .max }), ("group", { $0.group = .max }), ("device", { $0.deviceMinor = .max }),
      ("size", { $0.size = 1 << 63 }), ("link", { $0.linkName = "x" }), ("nul", { $0.attributes = [TarAttribute(name: Path(bytes: [0x61, 0]), value: [])] }),
    ]
    for (name, change) in wrong {
      let entry = file("a", size: 0)
      change(entry)
      #expect(entries { $0.append(.entry(entry, position: 0)) }.error == nonsense, "\(name)")
    }
    for entry in [
      TarEntry(name: Path(bytes: [0x61, 0, 0x62]), kind: .file, modified: FileTime(seconds: 0)),
      TarEntry(name: "a", kind: .file, modified: FileTime(seconds: 0, nanoseconds: 1_000_000_000)),
    ] {
      #expect(entries { $0.append(.entry(entry, position: 0)) }.error == nonsense)
    }
    let directory = TarEntry(name: "a", kind: .directory, modified: FileTime(seconds: 0))
    directory.size = 1
    #expect(entries { $0.append(.entry(directory, position: 0)) }.error == nonsense)
    #expect(entries { $0.append(.entry(file("a", size: 0), position: .max)) }.error == nonsense)
  }

  @Test("is not what a layer is known by: that is a hash of the bytes that are parsed, whatever decompressed them")
  func takenOver() throws {
    let layer = tar([.file("a", "good")])
    let other = tar([.file("a", "evil")])
    let blob = gzip(layer)
    let scratch = try Scratch("taken-over")
    try scratch.write("blob", blob)
    func entries(_ say: @escaping (inout RecordWriter) -> Void) throws -> String? {
      let start = { (task: ReaderTask, memory: SharedMemory) throws(Errno) in
        if task.purpose != .unpacking { return try readerInThread(task, memory) }
        task.buffer(2, of: memory, count: other.count).copyBytes(from: other)
        var records = RecordWriter()
        say(&records)
        var pair = try Channel.makePair()
        try pair.second.send(records.bytes)
        pair.second.close()
        return ReaderProcess(pair) { nil }
      }
      let stream = try LayerStream(
        Extent(try scratch.directory.open("blob", .readOnly), count: UInt64(blob.count)),
        Descriptor(mediaType: "", digest: try Digest(LayoutBuilder.digest(blob)), size: UInt64(blob.count)), .gzip,
        diffID: try Digest(LayoutBuilder.digest(layer)), limits: Limits())
      return message {
        let reader = try stream.reader(start: start) { (_) throws(LayerError) in }
        while let entry = try reader.next() { #expect(entry.name == "a") }
        try stream.finish()
      }
    }
    let found = try entries {
      $0.append(.block(2, count: other.count, consumed: 10))
      $0.append(.end)
    }
    #expect(found?.hasPrefix("its uncompressed content has digest \(LayoutBuilder.digest(other))") == true)
    #expect(
      try entries {
        $0.append(.block(2, count: other.count, consumed: 10))
        $0.append(.entry(file("b", size: 4), position: 512))
      } == nonsense)
  }

  @Test("is not waited for when the process has ended: by itself, or by a signal")
  func ended() {
    #expect(entries { _ in }.error == nonsense)
    #expect(entries(signal: 31) { _ in }.error == "the process that read it was ended by signal 31")
    #expect(entries { $0.append(.fault(LayerError(.badChecksum))) }.error == "a tar header has a wrong checksum")
  }
}
