public import Linux

/// One file of a tar archive, with everything that its headers said about it.
public struct TarEntry: Equatable, Sendable {
  /// The name as it stands in the archive: nothing about it has been checked but that it holds no NUL.
  public var name: Path
  public var kind: TarKind
  /// What a symbolic link says, or the name in the archive that a hard link is another name of; empty for other kinds.
  public var linkName: Path
  /// Permission bits, set-id bits and sticky bit; 0o7777 at most.
  public var mode: UInt32
  public var user: UInt32
  public var group: UInt32
  /// Bytes of data that follow in the archive; 0 for whatever is not a file.
  public var size: UInt64
  public var modified: FileTime
  /// Device number of a character or block device.
  public var deviceMajor: UInt32
  public var deviceMinor: UInt32
  /// `SCHILY.xattr.*`, the extended attributes.
  public var attributes: [TarAttribute]
}

/// What an entry is.
public enum TarKind: Equatable, Sendable {
  case file, hardLink, symbolicLink, characterDevice, blockDevice, directory, fifo
}

/// An extended attribute of an entry.
public struct TarAttribute: Equatable, Sendable {
  /// With its namespace: `user.comment`.
  public var name: Path
  /// Any bytes.
  public var value: [UInt8]

  public init(name: Path, value: [UInt8]) {
    self.name = name
    self.value = value
  }
}
