public import Linux
internal import OCI

/// Why something could not be done with an image.
public final class ImageError: Error, Sendable {
  public enum Kind: Equatable, Sendable {
    /// What came from outside is not as it should be.
    case invalid
    /// It is well made but needs something that is not built in.
    case unsupported
    /// There is no such image, blob or container layer.
    case notFound
    /// The name is taken.
    case alreadyExists
    /// The kernel refused; `.noSpace` is the one to expect.
    case system(Errno)
  }
  public let kind: Kind
  /// One sentence that names the thing: `layer sha256:...: entry ../etc/passwd: leads out of the archive`.
  public let message: String

  @inline(never)
  public init(_ kind: Kind, _ message: Text) {
    self.kind = kind
    self.message = message.string
  }

  /// What is wrong with a document; `name` says which one it is.
  @inline(never)
  convenience init(_ error: SpecError, in name: Text) { self.init(.invalid, "\(name): \(error.message)") }

  @inline(never)
  convenience init(_ error: SystemError) { self.init(.system(error.errno), Text(error.message)) }

  @inline(never)
  convenience init(_ operation: Literal, _ object: Text, _ errno: Errno) {
    self.init(SystemError(operation, object, errno))
  }

  /// What was wrong with a layer, or with an archive that has images; `name` says which one it is.
  @inline(never)
  convenience init(_ error: LayerError, in name: Text) {
    var kind = Kind.invalid
    var cause = error.fault
    while case .data(let inner) = cause { cause = inner.fault }
    if case .system(let error) = cause { kind = .system(error.errno) }
    self.init(kind, "\(name): \(error.message)")
  }
}

/// Takes the configuration of an image out of its document; `name` says which one it is.
@inline(never)
func imageConfig(_ document: [UInt8], _ name: Text) throws(ImageError) -> ImageConfig {
  do throws(SpecError) {
    return try ImageConfig(parsing: document)
  } catch {
    throw ImageError(error, in: name)
  }
}

/// Runs `body` and gives its errno the operation and the object.
@inline(__always)
func doing<Value: ~Copyable>(_ operation: Literal, _ object: @autoclosure () -> Text, _ body: () throws(Errno) -> Value) throws(ImageError) -> Value {
  do throws(Errno) {
    return try body()
  } catch {
    throw ImageError(operation, object(), error)
  }
}

/// Runs `body` and says of its error what it is about.
@inline(__always)
func within<Value>(_ name: Text, _ body: () throws(LayerError) -> Value) throws(ImageError) -> Value {
  do throws(LayerError) {
    return try body()
  } catch {
    throw ImageError(error, in: name)
  }
}
