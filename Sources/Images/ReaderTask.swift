internal import Linux
internal import OCI

/// What a process without rights (`ReaderLoop`) reads bytes for, and the memory that they pass through.
struct ReaderTask {
  enum Purpose {
    /// They are decompressed, and what comes out is not looked at.
    case unpacking
    /// A layer is unpacked or compared: the data of its files, and all else for who keeps it.
    case layer
    /// A layer's archive is made again out of all but the data of its files.
    case headers
    /// The files of an archive with images are written to the store.
    case staging
    /// It is only said where they are; what is between headers is passed over.
    case listing
  }

  let purpose: Purpose
  let compression: LayerCompression
  let limits: Limits

  /// Bytes of a buffer. Between two headers of a listing there is mostly something to pass over.
  var bufferSize: Int { purpose == .listing ? 4096 : 256 << 10 }
  /// Buffers that are filled with what is to be read: the first ones. Of a listing there is one, because it may go on elsewhere; of what may come through a
  /// pipe as well, because nothing else is heard while that is waited for.
  var inputs: Int { purpose == .listing || purpose == .staging ? 1 : 2 }
  /// Buffers after those for what it decompresses to. Without compression it is read where it was put.
  var outputs: Int { compression == .none ? 0 : 2 }

  /// A buffer, or as much of it as there is something in.
  func buffer(_ index: Int, of memory: SharedMemory, count: Int? = nil) -> UnsafeMutableRawBufferPointer {
    let start = index * bufferSize
    return UnsafeMutableRawBufferPointer(rebasing: memory.bytes[start..<(start + (count ?? bufferSize))])
  }

  /// A buffer that is about to be written to, as whole pages that are there. `written` is what was so far, a bit for each.
  func fresh(_ index: Int, of memory: SharedMemory, _ written: inout UInt64) -> UnsafeMutableRawBufferPointer {
    let buffer = buffer(index, of: memory)
    if written & 1 << UInt64(index) == 0 { SharedMemory.populate(buffer) }
    written |= 1 << UInt64(index)
    return buffer
  }
}
