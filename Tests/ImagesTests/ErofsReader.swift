import Linux

/// A reader of what `ErofsWriter` writes, made after the kernel's description alone (Documentation/filesystems/erofs.rst).
struct ErofsReader {
  struct Node: Equatable {
    var mode: Int
    var user: Int
    var group: Int
    var links: Int
    var modified: Int
    var nanoseconds: Int
    /// A file's bytes, a link's target.
    var data: String
    var attributes: [String: String] = [:]
    var number: Int
  }

  let bytes: [UInt8]
  /// By path; the root is "".
  private(set) var nodes: [String: Node] = [:]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    walk("", number(at: 1024 + 14, 2), parent: number(at: 1024 + 14, 2))
  }

  /// All paths in the order of their bytes.
  var paths: [String] { nodes.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

  func number(at place: Int, _ count: Int) -> Int { (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[place + $1]) } }

  private mutating func walk(_ path: String, _ number: Int, parent: Int) {
    let place = self.number(at: 1024 + 40, 4) * 4096 + number * 32
    let format = self.number(at: place, 2)
    precondition(format & 1 == 1 && place % 4096 + 64 <= 4096)
    var attributes: [String: String] = [:]
    let count = self.number(at: place + 2, 2)
    let attributeBytes = count == 0 ? 0 : 12 + (count - 1) * 4
    var at = place + 64 + 12
    while at + 4 <= place + 64 + attributeBytes {
      let (nameLength, valueLength) = (Int(bytes[at]), self.number(at: at + 2, 2))
      let prefix = bytes[at + 1] == 1 ? "user." : bytes[at + 1] == 6 ? "security." : "?"
      let name = prefix + String(decoding: bytes[(at + 4)..<(at + 4 + nameLength)], as: UTF8.self)
      attributes[name] = String(decoding: bytes[(at + 4 + nameLength)...].prefix(valueLength), as: UTF8.self)
      at = (at + 4 + nameLength + valueLength + 3) / 4 * 4
    }
    let size = self.number(at: place + 8, 8)
    let inline = format >> 1 == 2 ? size % 4096 : 0
    let block = self.number(at: place + 16, 4)
    let tail = place + 64 + attributeBytes
    precondition(inline == 0 || tail / 4096 == (tail + inline - 1) / 4096)
    let data = Array(bytes[(block * 4096)...].prefix(size - inline)) + bytes[tail...].prefix(inline)
    let mode = self.number(at: place + 4, 2)
    nodes[path] = Node(
      mode: mode, user: self.number(at: place + 24, 4), group: self.number(at: place + 28, 4), links: self.number(at: place + 44, 4),
      modified: self.number(at: place + 32, 8), nanoseconds: self.number(at: place + 40, 4),
      data: mode & 0o170000 == 0o040000 ? "" : String(decoding: data, as: UTF8.self), attributes: attributes, number: number)
    guard mode & 0o170000 == 0o040000 else { return }
    var names: [String] = []
    for start in stride(from: 0, to: data.count, by: 4096) {
      let block = Array(data[start..<min(start + 4096, data.count)])
      let count = (Int(block[8]) | Int(block[9]) << 8) / 12
      for index in 0..<count {
        func field(_ at: Int, _ width: Int) -> Int { (0..<width).reversed().reduce(0) { $0 << 8 | Int(block[index * 12 + at + $1]) } }
        let end = index + 1 < count ? Int(block[index * 12 + 20]) | Int(block[index * 12 + 21]) << 8 : block.count
        let name = String(decoding: block[field(8, 2)..<end].prefix { $0 != 0 }, as: UTF8.self)
        names.append(name)
        switch name {
        case ".": precondition(field(0, 8) == number)
        case "..": precondition(field(0, 8) == parent)
        default:
          let child = path.isEmpty ? name : "\(path)/\(name)"
          walk(child, field(0, 8), parent: number)
          let types = [1: 0o100000, 2: 0o040000, 5: 0o010000, 7: 0o120000]
          precondition(types[Int(block[index * 12 + 10])] == (nodes[child]?.mode ?? 0) & 0o170000)
        }
      }
    }
    precondition(names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } && names.contains(".") && names.contains(".."))
  }
}
