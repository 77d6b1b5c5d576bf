import Testing

@testable import Supervisor

@Suite("what the logs of an application may take up")
struct LogSizesTests {

  @Test("is what the policy says, where nothing stands against it")
  func asAsked() {
    let sizes = LogSizes(LogPolicy(), bytes: .max)
    #expect(sizes.file == 1 << 20 && sizes.files == 3 && sizes.part == 8192 && sizes.buffer == 65_536 && sizes.total == 3 << 20)
  }

  @Test(
    "a record always fits into a file, and with its notes into half of the buffer",
    arguments: [(1 << 20, 1, 65_536, 4096), (4096, 3, 4096, 1 << 20), (4096, 1, 16, 4096), (.max, .max, .max, .max), (0, 0, 0, 0)]
      as [(UInt64, UInt64, UInt64, UInt64)])
  func fits(_ size: UInt64, _ files: UInt64, _ line: UInt64, _ buffer: UInt64) {
    let sizes = LogSizes(policy(size: size, files: files, line: line, buffer: buffer), bytes: .max)
    let log = ContainerLog(sizes, at: 0)
    #expect(!log.buffer.isFull && sizes.part >= 16 && sizes.part <= 65_536 && UInt64(sizes.part) + 46 <= sizes.file / 2 && sizes.buffer <= 16 << 20)
  }

  @Test("a total is shared out: who wants little gets it, and the others share the rest")
  func shares() throws {
    let services = [("a", "1m", 3), ("b", "8k", 2), ("c", "10m", 10)].map { name, size, files in
      #""\#(name)": {"image": "i", "network_mode": "none", "logging": {"options": {"max-size": "\#(size)", "max-file": \#(files)}}}"#
    }
    func sizes(_ total: String) throws -> [[UInt64]] {
      let all = services + [#""d": {"image": "i", "network_mode": "none", "logging": {"driver": "none"}}"#]
      let text =
        #"{"name": "x", "services": {\#(all.joined(separator: ","))}\#(total)}"#
      return try Manifest(parsing: Array(text.utf8)).logSizes().map { [$0.file, $0.files] }
    }
    func expect(_ total: String, _ expected: [[UInt64]]) throws { #expect(try Array(sizes(total).prefix(3)) == expected) }
    try expect("", [[1_048_576, 3], [8192, 2], [10_485_760, 10]])
    try expect(#", "x-apus": {"log_total": "8m"}"#, [[1_048_576, 3], [8192, 2], [522_649, 10]])
    try expect(#", "x-apus": {"log_total": "1m"}"#, [[172_032, 3], [8192, 2], [51_609, 10]])
    try expect(#", "x-apus": {"log_total": "12k"}"#, [[4096, 1], [4096, 1], [4096, 1]])
    #expect(throws: (any Error).self) { try sizes(#", "x-apus": {"log_total": "11k"}"#) }
  }
}
