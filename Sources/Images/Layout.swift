internal import Linux
internal import OCI

/// An OCI image layout on disk: `oci-layout`, `index.json` and `blobs/ALGORITHM/HEX` (image-spec, image-layout.md). Other files in it are ignored, as they must
/// be.
///
/// Nothing in it is believed: documents are bounded, a blob is a regular file, and its bytes are hashed before they are parsed (CVE-2014-8179).
struct Layout: ~Copyable {
  private let directory: FileDescriptor
  /// The directory as the user named it, for messages.
  private let shown: String

  /// Bytes of a document; what Podman allows too.
  static var documentLimit: Int { 4 << 20 }

  init(at path: Path) throws(ImageError) {
    let shown = path.description
    let directory = try doing("open the image layout", Text(shown)) { () throws(Errno) in try FileDescriptor.open(path, .readOnly | .directory) }
    let marker = try Layout.document("oci-layout", in: directory, shown)
    do throws(SpecError) {
      _ = try ImageLayout(parsing: marker)
    } catch {
      throw ImageError(error, in: "\(shown)/oci-layout")
    }
    self.directory = directory
    self.shown = shown
  }

  /// What `index.json` lists.
  func index() throws(ImageError) -> ImageIndex {
    let text = try Layout.document("index.json", in: directory, shown)
    do throws(SpecError) {
      return try ImageIndex(parsing: text)
    } catch {
      throw ImageError(error, in: "\(shown)/index.json")
    }
  }

  /// The manifest of the image for `platform`: of those in `index`, or in an index that one of its entries stands for.
  func manifest(in index: ImageIndex, for platform: Platform) throws(ImageError) -> Descriptor {
    var index = index
    // Indexes within indexes are allowed; four levels are more than anybody builds.
    for _ in 0..<4 {
      let descriptor = try select(index, for: platform)
      if descriptor.role != .index { return descriptor }
      let text = try document(descriptor)
      do throws(SpecError) {
        index = try ImageIndex(parsing: text)
      } catch {
        throw ImageError(error, in: "index \(descriptor.digest.text)")
      }
    }
    throw ImageError(.invalid, "\(shown)/index.json: indexes within indexes, more than 4 levels deep")
  }

  private func select(_ index: ImageIndex, for platform: Platform) throws(ImageError) -> Descriptor {
    do throws(PlatformError) {
      return try index.select(for: platform)
    } catch {
      throw ImageError(.invalid, "\(shown): \(error.message)")
    }
  }

  /// A document among the blobs, verified.
  func document(_ descriptor: Descriptor) throws(ImageError) -> [UInt8] {
    let name: Text = "blob \(descriptor.digest.text)"
    guard descriptor.size <= UInt64(Layout.documentLimit) else { throw ImageError(.invalid, "\(name): a document of more than \(Layout.documentLimit) bytes") }
    let file = try open(descriptor)
    let bytes = try doing("read", name) { () throws(Errno) in try file.readAll(limit: Layout.documentLimit) }
    guard let found = digest(of: bytes, descriptor.digest.algorithm) else {
      throw ImageError(.system(.noMemory), "\(name): there is not enough memory to read it")
    }
    guard found == descriptor.digest else { throw ImageError(.invalid, "\(name): its content has digest \(found.text)") }
    return bytes
  }

  /// A blob, opened: a regular file of the size that the descriptor says.
  func open(_ descriptor: Descriptor) throws(ImageError) -> FileDescriptor {
    let name: Text = "blob \(descriptor.digest.text)"
    let path = Path(Text("blobs/\(descriptor.digest.algorithm.name)/\(descriptor.digest.hex)").string)
    var opened: FileDescriptor?
    do throws(Errno) {
      // O_NONBLOCK: a FIFO of that name would hang the open.
      opened = try directory.open(path, .readOnly | .noFollow | .nonBlocking)
    } catch {
      if error == .noSuchFileOrDirectory { throw ImageError(.notFound, "\(name): is not in \(shown)") }
      if error == .tooManyLinks { throw ImageError(.invalid, "\(name): is a symbolic link") }
      throw ImageError("open", name, error)
    }
    guard let file = opened.take() else { throw ImageError(.notFound, "\(name): is not in \(shown)") }
    let status = try doing("examine", name) { () throws(Errno) in try file.status() }
    guard status.type == .regular else { throw ImageError(.invalid, "\(name): is no regular file") }
    guard status.size == descriptor.size else {
      throw ImageError(.invalid, "\(name): has \(status.size) bytes, and its descriptor says \(descriptor.size)")
    }
    return file
  }

  private static func document(_ name: Path, in directory: borrowing FileDescriptor, _ shown: String) throws(ImageError) -> [UInt8] {
    let object: Text = "\(shown)/\(name)"
    let file = try doing("open", object) { () throws(Errno) in try directory.open(name, .readOnly | .nonBlocking) }
    do throws(Errno) {
      guard try file.status().type == .regular else { throw Errno.invalidArgument }
      return try file.readAll(limit: documentLimit)
    } catch {
      if error == .fileTooLarge { throw ImageError(.invalid, "\(object): a document of more than \(documentLimit) bytes") }
      throw ImageError("read", object, error)
    }
  }
}
