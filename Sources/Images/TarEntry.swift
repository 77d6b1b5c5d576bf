public import Linux

/// One file of a tar archive, with everything that its headers said about it.
public final class TarEntry {
  /// The name as it stands in the archive: nothing about it has been checked but that it holds no NUL.
  public let name: Path
  public let kind: TarKind
  /// What a symbolic link says, or the name in the archive that a hard link is another name of; empty for other kinds.
  public internal(set) var linkName: Path = ""
  /// Permission bits, set-id bits and sticky bit; 0o7777 at most.
  public internal(set) var mode: UInt32 = 0
  public internal(set) var user: UInt32 = 0
  public internal(set) var group: UInt32 = 0
  /// Bytes of data that follow in the archive; 0 for whatever is not a file.
  public internal(set) var size: UInt64 = 0
  public internal(set) var modified: FileTime
  /// Device number of a character or block device.
  public internal(set) var deviceMajor: UInt32 = 0
  public internal(set) var deviceMinor: UInt32 = 0
  /// `SCHILY.xattr.*`, the extended attributes.
  public internal(set) var attributes: [TarAttribute] = []

  init(name: Path, kind: TarKind, modified: FileTime) {
    self.name = name
    self.kind = kind
    self.modified = modified
  }
}

/// What an entry is.
public enum TarKind: UInt8, Equatable, Sendable {
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
