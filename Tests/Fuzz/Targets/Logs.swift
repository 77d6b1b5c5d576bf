import Linux

@testable import Supervisor

/// A log, as it is after anything has happened to it; and the name of a file of one.
func fuzzLogs(_ input: [UInt8]) {
  let (whole, damaged) = read(input, piece: max(input.count, 1))
  let (pieces, damagedInPieces) = read(input, piece: 7)
  require(whole == pieces && damaged == damagedInPieces, "the pieces of a file make no difference")
  let lines = input.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
  let good = lines.filter { LogRecord($0) != nil }
  require(whole == good.map { Array($0) }, "a record is read as it was written, and no other line is")
  let ends = whole.filter { LogHeader($0[...])?.kind != .partial }
  for wanted in 0...3 {
    let tail = LogTail(UInt64(wanted), LogSelection())
    var end = input.count
    var found: UInt64?
    while found == nil && end > 0 {
      let start = max(0, end - 50)
      found = tail.addBefore(input[start..<end])
      end = start
    }
    let count = found ?? tail.all() ?? UInt64(input.count)
    require(count <= input.count, "what is read is in the file")
    let last = read(Array(input.suffix(Int(count))), piece: 50).records
    require(whole.suffix(last.count) == last[...], "the last lines begin where a record does")
    require(last.count { LogHeader($0[...])?.kind != .partial } == min(wanted, ends.count), "there are as many of them as are wanted")
  }
  let name = String(decoding: input, as: UTF8.self)
  if let file = LogFile(name: name, size: 1) { require(file.name.utf8.elementsEqual(input), "a file has one name") }
}

/// The records, as they would be written again, and how many lines are none.
private func read(_ bytes: [UInt8], piece: Int) -> (records: [[UInt8]], damaged: UInt64) {
  let reader = LogReader()
  var records: [[UInt8]] = []
  for start in stride(from: 0, to: bytes.count, by: piece) {
    reader.add(bytes[start..<min(start + piece, bytes.count)])
    while let record = reader.next() {
      var written: [UInt8] = []
      record.header.append(to: &written)
      records.append(written + record.text)
    }
  }
  reader.end()
  return (records, reader.damaged)
}
