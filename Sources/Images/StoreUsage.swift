public import Linux
internal import OCI

/// How much of the medium the store takes.
public struct StoreUsage: Sendable {
  /// One kind of thing in the store.
  public struct Row: Sendable {
    public let what: Literal
    public var count: UInt64 = 0
    /// Bytes that are allocated on the medium.
    public var bytes: UInt64 = 0
    /// Of them, what `apus image prune --all` gives back.
    public var reclaimable: UInt64 = 0
  }

  /// One image, under one name.
  public struct Image: Sendable {
    public let name: String
    /// Bytes of its layers, and of those that no other image has. Names of the same image do not make its layers shared.
    public var bytes: UInt64 = 0
    public var unique: UInt64 = 0
    /// Containers that have been made of it.
    public var containers: UInt64 = 0
  }

  public var rows: [Row] = []
  public var images: [Image] = []
}

extension Store {
  /// Measures what is in the store. A file that several layers share counts for one of them: for one that is needed, if there is one.
  public func usage() throws(ImageError) -> StoreUsage {
    var usage = StoreUsage()
    let list = try list()
    let usedImages = try imagesOfContainers()
    let usedLayers = try layersOfContainers()
    let unused = list.damaged.isEmpty ? try unusedImages() : []
    let kept = list.images.filter { image in !unused.contains { $0.equals(image.name) } } + (try applications().flatMap { $0.images })
    // What a container or a release needs; nil when a record does not tell, so that everything may be needed.
    let keptLayers = usedLayers.flatMap { list.damaged.isEmpty ? $0 + kept.flatMap { $0.neededLayers } : nil }
    var seen: [UInt64] = []
    var sizes: [(layer: String, bytes: UInt64)] = []
    var row = StoreUsage.Row(what: "layers")
    let all = try names(in: layers, "layers")
    for isNeeded in [true, false] {
      for name in all {
        let hex = name.description
        if isNeeded != (keptLayers?.contains { $0.hex.equals(hex) } ?? true) { continue }
        var bytes: UInt64 = 0
        for directory in ["layers", "headers"] as [Path] { bytes += try size(of: name, in: directory, &seen) }
        sizes.append((hex, bytes))
        row.count += 1
        row.bytes += bytes
        if !isNeeded { row.reclaimable += bytes }
      }
    }
    usage.rows.append(row)
    for image in list.images {
      var measured = StoreUsage.Image(name: image.name)
      for used in usedImages where used.equals(image.name) { measured.containers += 1 }
      for layer in image.neededLayers {
        let bytes = sizes.first { $0.layer.equals(layer.hex) }?.bytes ?? 0
        measured.bytes += bytes
        if !list.images.contains(where: { $0.manifest != image.manifest && $0.neededLayers.contains(layer) }) { measured.unique += bytes }
      }
      usage.images.append(measured)
    }
    for (what, directory) in [("documents", "blobs"), ("containers", "containers"), ("quarantine", "quarantine"), ("temporary", "tmp"), ("reserve", "reserve")]
      as [(Literal, Path)]
    {
      var row = StoreUsage.Row(what: what)
      row.bytes = try size(of: directory, in: ".", &seen)
      // Documents lie one level down, by algorithm.
      for name: Path in directory == "blobs" ? ["blobs/sha256", "blobs/sha512"] : [directory] {
        if let here = try? root.open(name, .readOnly | .directory | .noFollow) { row.count += UInt64(try names(in: here, name.description).count) }
      }
      usage.rows.append(row)
    }
    return usage
  }
}

extension Store {
  /// Bytes that a name takes with everything in it; 0 when there is no such name. What is linked from a place that was measured before is not counted again.
  private func size(of name: Path, in directory: Path, _ seen: inout [UInt64]) throws(ImageError) -> UInt64 {
    do throws(Errno) {
      let parent = try root.open(directory, .readOnly | .directory | .noFollow)
      guard let status = try parent.statusIfPresent(of: name) else { return 0 }
      if status.type != .directory { return status.allocated }
      return try allocated(in: parent.open(name, .readOnly | .directory | .noFollow), levels: 300, &seen)
    } catch {
      throw ImageError("measure", "\(path)/\(directory)/\(name)", error)
    }
  }

  private func allocated(in directory: borrowing FileDescriptor, levels: Int, _ seen: inout [UInt64]) throws(Errno) -> UInt64 {
    let own = try directory.status()
    var bytes = own.allocated
    for entry in try directory.entries() {
      // A container that runs may remove it meanwhile.
      guard let status = try directory.statusIfPresent(of: entry.name) else { continue }
      if status.type == .directory {
        // What is mounted there is somewhere else.
        guard status.device == own.device, levels > 0 else { continue }
        do throws(Errno) {
          bytes += try allocated(in: directory.open(entry.name, .readOnly | .directory | .noFollow), levels: levels - 1, &seen)
        } catch {
          if error != .noSuchFileOrDirectory { throw error }
        }
      } else if status.links == 1 || Store.isNew(status.inode, &seen) {
        bytes += status.allocated
      }
    }
    return bytes
  }

  /// Puts a number into an ascending list; whether it was not there.
  private static func isNew(_ number: UInt64, _ seen: inout [UInt64]) -> Bool {
    let (index, isThere) = seen.place(of: number)
    if !isThere { seen.insert(number, at: index) }
    return !isThere
  }
}
