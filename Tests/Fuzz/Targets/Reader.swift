import Linux
import OCI

@testable import Images

/// What a process that reads an archive says of it, as one would that a hostile archive has taken over: whatever that is, entries are what the kernel takes, and have
/// no more data than they say, which lies in the memory that is shared. The first byte decides what for and how it reads.
func fuzzReaderRecords(_ input: [UInt8]) {
  guard let first = input.first else { return }
  let purposes: [ReaderTask.Purpose] = [.layer, .headers, .staging, .listing]
  let task = ReaderTask(purpose: purposes[Int(first & 3)], compression: first & 4 == 0 ? .none : .gzip, limits: Limits())
  var shared: SharedMemory?
  var left: UInt64 = 3000
  let bytes = ReaderInput(
    fill: { (buffer) throws(LayerError) in
      let count = min(left, UInt64(buffer.count), 1000)
      left -= count
      return Int(count)
    }, skip: { $0 < 5000 })
  do throws(LayerError) {
    let start = { (_: ReaderTask, memory: SharedMemory) throws(Errno) in
      shared = memory
      return try process(saying: input.dropFirst())
    }
    let reader = try ArchiveReader(task, bytes, start: start)
    while let entry = try reader.next() {
      require(!entry.name.bytes.contains(0) && !entry.linkName.bytes.contains(0), "a name has no NUL")
      require(entry.mode <= 0o7777 && entry.user != .max && entry.group != .max && entry.deviceMajor != .max, "an entry is what the kernel takes")
      require(entry.modified.nanoseconds >= 0 && entry.modified.nanoseconds < 1_000_000_000, "a time has less than a second of nanoseconds")
      require(entry.attributes.allSatisfy { !$0.name.bytes.contains(0) }, "the name of an attribute has no NUL")
      require(entry.kind == .file || entry.size == 0, "only files have data")
      var count: UInt64 = 0
      while let piece = try reader.piece() {
        count += UInt64(piece.count)
        guard let memory = shared.map({ UnsafeRawBufferPointer($0.bytes) }), let first = memory.baseAddress, let start = piece.baseAddress else { continue }
        require(start >= first && start + piece.count <= first + memory.count, "data are in the shared memory")
      }
      require(count <= entry.size, "an entry has no more data than it says")
    }
  } catch { requireMessage(error.message) }
}

/// Something that says these bytes, and ends.
private func process(saying bytes: ArraySlice<UInt8>) throws(Errno) -> ReaderProcess {
  var pair = try Channel.makePair()
  var rest = bytes
  while !rest.isEmpty {
    try pair.second.send(Array(rest.prefix(200)))
    rest = rest.dropFirst(200)
  }
  pair.second.close()
  return ReaderProcess(pair) { nil }
}
