/// Gives the entries of a tar archive, one after the other, each with its data. Errors end it.
class EntryReader {
  /// Where in the archive the data of the present entry begin; each piece moves it on.
  var position: UInt64 { 0 }

  /// The next entry; nil at the end. What is left of the entry before is passed over.
  func next() throws(LayerError) -> TarEntry? { nil }

  /// The next piece of the present entry's data; nil when there is no more. It is there until the reader is asked for anything else.
  func piece() throws(LayerError) -> UnsafeRawBufferPointer? { nil }
}
