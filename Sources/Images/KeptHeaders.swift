internal import Linux
internal import OCI

/// Takes bytes, which are there as long as the call lasts.
typealias ByteSink = (UnsafeRawBufferPointer) throws(LayerError) -> Void

/// What a layer's archive has beside the contents of files, kept in a file of its own as gzip: all headers, what fills up blocks, and whatever follows the end. With it
/// and the layer's files the archive can be made again, bit for bit, which is how a layer is verified and exported.
final class KeptHeaders {
  private let file: FileDescriptor
  private let deflater = Deflater()

  /// `file` is new and empty.
  init(_ file: consuming FileDescriptor) { self.file = file }

  func add(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    deflater.add(bytes)
    if deflater.output.count >= 32 << 10 { try write() }
  }

  func finish() throws(LayerError) {
    deflater.finish()
    try write()
  }

  private func write() throws(LayerError) {
    do throws(Errno) { try file.writeAll(deflater.output) } catch { throw LayerError(.system(SystemError("write", "the headers", error))) }
    deflater.output.removeAll(keepingCapacity: true)
  }
}
