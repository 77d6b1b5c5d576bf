extension ImageIndex {
  /// The entry for a machine: an image, or a nested index, which the caller opens and asks again.
  ///
  /// The variants that the machine can run are tried from the best to the plainest, and within one the first entry wins (image-index.md). Entries of unknown
  /// media types and entries that are no images (attestations, signatures) are passed over. An entry without a platform is taken when no entry says that it
  /// fits, since an image of one platform need not name it; the image's own configuration is checked afterwards.
  public func select(for device: Platform) throws(PlatformError) -> Descriptor {
    let images = manifests.filter { $0.isImage }
    for variant in device.runnableVariants {
      for image in images {
        if let platform = image.platform, platform.isSameMachine(as: device), sameText(platform.knownVariant, variant) { return image }
      }
    }
    if let image = images.first(where: { $0.platform == nil }) { return image }
    throw PlatformError(device: device, available: images.compactMap { $0.platform })
  }
}

extension Platform {
  /// Whether a machine of this platform can run what was built for `other`.
  public func canRun(_ other: Platform) -> Bool {
    other.isSameMachine(as: self) && runnableVariants.contains { sameText($0, other.knownVariant) }
  }

  /// `linux/arm/v7`, as Docker and Podman write it.
  public var text: String {
    guard let variant else { return "\(os)/\(architecture)" }
    return "\(os)/\(architecture)/\(variant)"
  }

  fileprivate func isSameMachine(as other: Platform) -> Bool { sameText(os, other.os) && sameText(architecture, other.architecture) }

  /// The variants that the machine runs, the best first; nil is "not named".
  ///
  /// 32-bit ARM and x86-64 run each older generation as well (ARM's v8 in its 32-bit mode). v8 is the plain arm64, so that both spellings of it are the same,
  /// and a later one runs those before it. Elsewhere a named variant asks for more than the plain architecture, which always runs.
  fileprivate var runnableVariants: [String?] {
    let own = knownVariant
    guard let own else { return [nil] }
    let oldest = sameText(architecture, "arm") ? 5 : sameText(architecture, "amd64") ? 2 : nil
    if let oldest, let generation = generation(own) {
      return stride(from: generation.major, through: oldest, by: -1).map { "v\($0)" } + [nil]
    }
    if sameText(architecture, "arm64"), let generation = generation(own), generation.major == 8 {
      return stride(from: generation.minor, through: 1, by: -1).map { "v8.\($0)" } + [nil]
    }
    return [own, nil]
  }

  /// The variant without the name that the plain architecture has anyway.
  fileprivate var knownVariant: String? {
    guard let variant, !variant.utf8.isEmpty else { return nil }
    if sameText(architecture, "arm64") && sameText(variant, "v8") { return nil }
    if sameText(architecture, "amd64") && sameText(variant, "v1") { return nil }
    return variant
  }
}

extension Descriptor {
  /// Whether the entry can lead to an image that runs. BuildKit puts attestations into an index as manifests for `unknown/unknown`.
  public var isImage: Bool {
    if role != .manifest && role != .index || artifactType != nil { return false }
    guard let platform else { return true }
    return !sameText(platform.os, "unknown") && !sameText(platform.architecture, "unknown")
  }
}

/// Why an index has nothing for a machine, or an image is not for it.
public struct PlatformError: Error, Equatable, Sendable {
  /// The machine that was asked for.
  public let device: Platform
  /// What there is, in the order of the document; may be empty.
  public let available: [Platform]

  public init(device: Platform, available: [Platform]) {
    self.device = device
    self.available = available
  }

  /// One sentence: `image is for amd64 and 386, this device is arm64`. The system is named where it is not Linux.
  public var message: String {
    if available.isEmpty { return "there is no image for any platform, this device is \(short(device))" }
    var names: [String] = []
    for platform in available {
      let name = short(platform)
      if names.contains(where: { sameText($0, name) }) { continue }
      // An index may list any number of them, and this is one line.
      if names.count == 16 {
        names.append("others")
        break
      }
      names.append(name)
    }
    let last = names.removeLast()
    return "image is for \(names.isEmpty ? last : "\(joined(names, with: ", ")) and \(last)"), this device is \(short(device))"
  }

  private func short(_ platform: Platform) -> String {
    sameText(platform.os, "linux") ? String(decoding: platform.text.utf8.dropFirst(6), as: UTF8.self) : platform.text
  }
}

/// Whether two texts are the same bytes.
private func sameText(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

private func sameText(_ left: String?, _ right: String?) -> Bool {
  guard let left, let right else { return left == nil && right == nil }
  return sameText(left, right)
}

/// The numbers of a variant such as `v7` or `v8.2`; nil when it is written in another way. Bounded, because the list of runnable variants counts down from
/// them.
private func generation(_ variant: String) -> (major: Int, minor: Int)? {
  let bytes = Array(variant.utf8)
  guard bytes.first == 0x76 else { return nil }
  let parts = bytes.dropFirst().split(separator: 0x2E, omittingEmptySubsequences: false)
  guard parts.count <= 2, let major = parts.first.flatMap(number), let minor = parts.count == 2 ? number(parts[1]) : 0 else { return nil }
  return (major, minor)
}

/// A decimal number of one or two digits.
private func number(_ digits: ArraySlice<UInt8>) -> Int? {
  guard (1...2).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
  return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
}
