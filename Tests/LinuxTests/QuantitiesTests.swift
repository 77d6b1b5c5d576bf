import Linux
import Testing

@Suite("quantities as people write them")
struct QuantitiesTests {
  @Test(
    "bytes, with powers of 1024",
    arguments: [
      ("0", 0), ("1048576", 1_048_576), ("7b", 7), ("1k", 1024), ("64m", 67_108_864), ("1kb", 1024), ("64MB", 67_108_864), ("2gb", 2_147_483_648), ("0b", 0),
      ("64M", 67_108_864), ("2g", 2_147_483_648), ("2G", 2_147_483_648),
      ("9223372036854775807", 9_223_372_036_854_775_807), ("8589934591g", 9_223_372_035_781_033_984),
    ] as [(String, Int64)])
  func bytes(_ text: String, _ bytes: Int64) { #expect(byteCount(text) == bytes) }

  @Test(
    "what is no number of bytes, or does not fit",
    arguments: [
      "", "m", "-1", "+1", " 1", "1 ", "1.5g", "0x10", "64mbb", "64bb", "64bm", "64mib", "64 m", "b", "kb", "1t", "1tb", "9223372036854775808", "8589934592g",
      "١",
    ])
  func noBytes(_ text: String) { #expect(byteCount(text) == nil) }

  @Test(
    "processors, as microseconds of each 100,000",
    arguments: [
      ("1", 100_000), ("2", 200_000), ("0.5", 50_000), ("0.50", 50_000), ("1.25", 125_000), ("0.01", 1000), ("0.123456789", 12_345),
      ("1000000", 100_000_000_000),
    ] as [(String, Int64)])
  func processors(_ text: String, _ quota: Int64) { #expect(processorQuota(text) == quota) }

  @Test(
    "what is no number of processors, or less than the kernel's smallest share",
    arguments: ["", ".", "1.", ".5", "0", "0.0", "0.00999", "-1", "1,5", "1.5.5", "1.5x", "1e3", "1000001", "99999999999999999999", "0.1234567890123456789"])
  func noProcessors(_ text: String) { #expect(processorQuota(text) == nil) }
}
