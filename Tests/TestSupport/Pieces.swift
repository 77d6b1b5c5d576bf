/// Bytes in memory that are given in pieces.
public final class Pieces {
  private var rest: ArraySlice<UInt8>
  private let memory: UnsafeMutableRawBufferPointer

  public init(_ bytes: [UInt8], of size: Int) {
    rest = bytes[...]
    memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
  }

  deinit { memory.deallocate() }

  public func next() -> UnsafeRawBufferPointer {
    let given = rest.prefix(memory.count)
    rest = rest.dropFirst(given.count)
    memory.copyBytes(from: given)
    return UnsafeRawBufferPointer(rebasing: memory[..<given.count])
  }

  public func skip(_ count: UInt64) -> Bool {
    guard count <= UInt64(rest.count) else { return false }
    rest = rest.dropFirst(Int(count))
    return true
  }
}
