/// What some content is, where it is found and how large it is (image-spec, descriptor.md).
///
/// It never changes, and is an object: fourteen words that are handed on as one.
///
/// Embedded content (`data`) and other addresses (`urls`) are not taken: content comes from the store, by its digest.
public final class Descriptor: Sendable {
  /// Any type, also an unknown one, which is no error by itself.
  public let mediaType: String
  /// The hash of the content, which is also its name in the store.
  public let digest: Digest
  /// Bytes; at most `Int64.max`.
  public let size: UInt64
  /// The machine that an entry of an index is for.
  public let platform: Platform?
  /// Set when the content is a manifest that is no image.
  public let artifactType: String?
  /// Metadata; untrusted, so nothing may obey it.
  public let annotations: [Annotation]

  public init(
    mediaType: String, digest: Digest, size: UInt64, platform: Platform? = nil, artifactType: String? = nil, annotations: [Annotation] = []
  ) {
    self.mediaType = mediaType
    self.digest = digest
    self.size = size
    self.platform = platform
    self.artifactType = artifactType
    self.annotations = annotations
  }

  /// What the media type means; nil for a type that is unknown here.
  public var role: MediaRole? { MediaType(named: mediaType)?.role }
}

/// The machine that an image is built for (image-spec, image-index.md, `platform`), in the words of Go's GOOS and GOARCH.
public struct Platform: Equatable, Sendable {
  /// The operating system: `linux`.
  public var os: String
  /// The architecture: `arm64`, `arm`, `amd64`, ...
  public var architecture: String
  /// `v7` of `arm`, `v8` of `arm64`; nil when the document has none or an empty one.
  public var variant: String?

  public init(os: String = "linux", architecture: String, variant: String? = nil) {
    self.os = os
    self.architecture = architecture
    self.variant = variant
  }
}

/// A list of manifests: `index.json` of an image layout, or an image for several platforms (image-spec, image-index.md).
public struct ImageIndex: Sendable {
  /// The entries in the order of the document; unknown media types are among them.
  public var manifests: [Descriptor]
  /// Metadata; untrusted, so nothing may obey it.
  public var annotations: [Annotation]

  public init(manifests: [Descriptor], annotations: [Annotation] = []) {
    self.manifests = manifests
    self.annotations = annotations
  }
}

/// An image for one platform: its configuration and its layers, the base first (image-spec, manifest.md).
public final class ImageManifest: Sendable {
  /// The document that `ImageConfig` decodes.
  public let config: Descriptor
  /// The layers, the base first; each has the role `layer`.
  public let layers: [Descriptor]
  /// Metadata; untrusted, so nothing may obey it.
  public let annotations: [Annotation]

  public init(config: Descriptor, layers: [Descriptor], annotations: [Annotation] = []) {
    self.config = config
    self.layers = layers
    self.annotations = annotations
  }
}

/// The configuration of an image (image-spec, config.md). The history has no use here.
public final class ImageConfig: Sendable {
  /// The machine that the image is built for.
  public let platform: Platform
  /// RFC 3339; handed on as it is.
  public let created: String?
  /// Who made the image; handed on as it is.
  public let author: String?
  /// How a container of the image is run.
  public let execution: ImageExecution
  /// The digests of the uncompressed layers, the base first: `rootfs.diff_ids`. Whether they are as many as the manifest's layers is for the importer to see.
  public let diffIDs: [Digest]

  public init(platform: Platform, created: String? = nil, author: String? = nil, execution: ImageExecution = ImageExecution(), diffIDs: [Digest]) {
    self.platform = platform
    self.created = created
    self.author = author
    self.execution = execution
    self.diffIDs = diffIDs
  }
}

/// How a container of the image is run, unless the one who runs it says otherwise: `config` of the configuration (image-spec, config.md).
public final class ImageExecution: Sendable {
  /// `user`, `uid`, `user:group`, `uid:gid`, `uid:group` or `user:gid`; names are the image's own. Nil when absent or empty.
  public let user: String?
  /// `NAME=value` each.
  public let env: [String]
  /// The program and its first arguments.
  public let entrypoint: [String]
  /// The arguments after `entrypoint`, or the program when there is none.
  public let cmd: [String]
  /// Nil when absent or empty.
  public let workingDir: String?
  /// `port`, `port/tcp` or `port/udp` each.
  public let exposedPorts: [String]
  /// Directories with data of the container's own.
  public let volumes: [String]
  /// Metadata out of the image: untrusted, so nothing may obey it (CVE-2026-53488).
  public let labels: [Annotation]
  /// `SIGTERM`, `SIGRTMIN+3`, ...; nil when absent or empty.
  public let stopSignal: String?
  /// Docker's; image-spec reserves the name.
  public let healthcheck: Healthcheck?

  public init(
    user: String? = nil, env: [String] = [], entrypoint: [String] = [], cmd: [String] = [], workingDir: String? = nil, exposedPorts: [String] = [],
    volumes: [String] = [], labels: [Annotation] = [], stopSignal: String? = nil, healthcheck: Healthcheck? = nil
  ) {
    self.user = user
    self.env = env
    self.entrypoint = entrypoint
    self.cmd = cmd
    self.workingDir = workingDir
    self.exposedPorts = exposedPorts
    self.volumes = volumes
    self.labels = labels
    self.stopSignal = stopSignal
    self.healthcheck = healthcheck
  }
}

/// How Docker finds out whether a container is healthy: `HEALTHCHECK` of a Dockerfile. Times are nanoseconds; 0 is the default.
public final class Healthcheck: Sendable {
  /// Empty inherits; `NONE` switches off; `CMD` and arguments, or `CMD-SHELL` and one line.
  public let test: [String]
  /// From one check to the next.
  public let interval: Int64
  /// After which a check has failed.
  public let timeout: Int64
  /// After the start, in which failures do not count.
  public let startPeriod: Int64
  /// From one check to the next in that period.
  public let startInterval: Int64
  /// Failures in a row until the container is unhealthy; 0 is the default.
  public let retries: Int64

  public init(test: [String], interval: Int64 = 0, timeout: Int64 = 0, startPeriod: Int64 = 0, startInterval: Int64 = 0, retries: Int64 = 0) {
    self.test = test
    self.interval = interval
    self.timeout = timeout
    self.startPeriod = startPeriod
    self.startInterval = startInterval
    self.retries = retries
  }
}
