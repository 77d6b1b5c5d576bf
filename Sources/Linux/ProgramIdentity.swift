internal import CLinux

/// What tells this build of the program from all others: the number that the linker has made from its content (NT_GNU_BUILD_ID, elf(5)), in words, the last one
/// filled up with zeros; nil when the linker was not told to.
public func programIdentity() -> [UInt64]? {
  var start: UnsafeRawPointer?
  let count = clinux_build_id(&start)
  guard let start, count > 0 else { return nil }
  return words(of: UnsafeRawBufferPointer(start: start, count: count))
}

/// Bytes as words of the machine, the last one filled up with zeros.
public func words(of bytes: UnsafeRawBufferPointer) -> [UInt64] {
  [UInt64](unsafeUninitializedCapacity: (bytes.count + 7) / 8) { words, count in
    count = (bytes.count + 7) / 8
    if count == 0 { return }
    words[count - 1] = 0
    UnsafeMutableRawBufferPointer(words).copyMemory(from: bytes)
  }
}
