import Linux
import Testing

@testable import Cgroups

@Suite("contents of control files become numbers")
struct ParseStatisticsTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test("lines of a key and a number, in the order of the keys")
  func keyedLines() {
    let text = bytes("file 20\nanon 10\nbad\nworse x\ntoo many 3\ninactive_file 18446744073709551615\nbeyond 18446744073709551616\n")
    #expect(keyedNumbers(text).map { "\($0.key)=\($0.value)" } == ["anon=10", "file=20", "inactive_file=18446744073709551615"])
    #expect(value(of: "anon", in: text) == 10 && value(of: "bad", in: text) == nil && value(of: "none", in: text) == nil)
    #expect(keyed(keyedNumbers(text))?.spelled == #"{"anon":10,"file":20,"inactive_file":18446744073709551615}"# && keyed([]) == nil)
  }

  @Test(
    "lists of processors",
    arguments: [
      ("0-3,7\n", [0, 1, 2, 3, 7]), ("5\n", [5]), ("\n", []), ("", []), ("3-1\n", []), ("1-2-3\n", []), ("a\n", []), ("0-3,3\n", []), ("7,0-3\n", []),
    ])
  func ranges(text: String, numbers: [UInt64]) {
    #expect(numberList(bytes(text)) == numbers)
  }

  @Test("processor times by processor, with columns that a newer kernel may add")
  func byProcessor() {
    let text = bytes("cpu user system guest\n0 11 12 1\n1 21 22 1\nodd\n")
    func column(_ title: String) -> [UInt64] { Cgroups.column(title, of: text) }
    #expect(column("user") == [11, 21] && column("system") == [12, 22] && column("none") == [])
    #expect(numbers(bytes("1 22 333 \n")) == [1, 22, 333] && list([UInt64]()) == nil)
  }

  @Test("a number that may be below 0", arguments: [("-1\n", "-1"), ("5\n", "5"), ("-0", "0"), ("x", "0"), ("", "0"), ("9223372036854775808", "0")])
  func signed(text: String, spelled: String) {
    #expect(signedNumber(bytes(text)) == spelled)
  }

  @Test("block devices: v1 by device and operation, without the total")
  func legacyBlockIO() {
    let found = blockIOEntries(bytes("8:0 Read 1282048\n8:0 Write 2195456\n8:0 Total 3477504\n259:1 77\nTotal 3477504\n8:x Read 1\n"))
    #expect(
      list(found)?.spelled == #"[{"major":8,"op":"Read","value":1282048},{"major":8,"op":"Write","value":2195456},{"major":8,"op":"Total","value":3477504},"#
        + #"{"major":259,"minor":1,"value":77}]"#)
  }

  @Test("block devices: v2 in the words of v1, without what v1 has no word for")
  func unifiedBlockIO() {
    let text = bytes("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n253:1 cost.usage=7\n254:0 \n")
    func entries(_ end: String) -> String? { list(blockIOEntries(bytes(end)[...], of: text))?.spelled }
    #expect(entries("bytes") == #"[{"major":8,"op":"Read","value":1},{"major":8,"op":"Write","value":2}]"#)
    #expect(entries("ios") == #"[{"major":8,"op":"Read","value":3},{"major":8,"op":"Write","value":4}]"# && entries("none") == nil)
  }

  @Test("pressure, without zeros at the end")
  func pressureFile() {
    let found = pressure(
      bytes("some avg10=12.34 avg60=0.05 avg300=100.00 total=987\nfull avg10=0.50 avg60=x avg300=1.5 total=1\nnew avg10=9.99\n"))
    #expect(
      found?.spelled == #"{"some":{"avg10":12.34,"avg60":0.05,"avg300":100,"total":987},"full":{"avg10":0.5,"avg60":0,"avg300":0,"total":1}}"#)
    #expect(
      pressure(bytes("full total=3\n"))?.spelled
        == #"{"some":{"avg10":0,"avg60":0,"avg300":0,"total":0},"full":{"avg10":0,"avg60":0,"avg300":0,"total":3}}"#)
    #expect(pressure(bytes("")) == nil && pressure(bytes("\n \n")) == nil)
  }

  @Test("sizes of huge pages are read from the names of files")
  func hugePages() {
    func size(_ name: String) -> String? { hugePageSize(bytes(name)[...], suffix: "max") }
    #expect(size("hugetlb.2MB.max") == "2MB" && size("hugetlb.1GB.max") == "1GB")
    for name in ["hugetlb.2MB.rsvd.max", "hugetlb.2MB.current", "hugetlb.max", "memory.2MB.max", ""] { #expect(size(name) == nil) }
  }

  @Test("where a process is below the container's v2 group")
  func ownPath() throws {
    let container = try #require(CgroupPath("/apus/one"))
    func path(_ text: String, _ root: String = "/") -> String { unifiedPath(in: bytes(text), below: .init(root), container).description }
    #expect(path("4:memory:/apus/one/x\n0::/apus/one/init.scope\n") == "init.scope")
    #expect(path("0::/apus/one/a/b\n") == "a/b")
    #expect(path("0::/apus/one\n") == "" && path("0::/apus/one2/a\n") == "" && path("0::/elsewhere\n") == "" && path("") == "")
    #expect(path("0::/machine/apus/one/a\n", "/machine") == "a")
    #expect(path("0::/apus/one/../../a\n") == "")
  }
}
