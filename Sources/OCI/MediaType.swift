/// The media types that mean something here (image-spec, media-types.md, and Docker's interchangeable ones). Content of any other type is left alone.
public enum MediaType: UInt8, NamedValue {
  case index, dockerManifestList
  case manifest, dockerManifest
  case config, dockerConfig
  case layerTar, layerGzip, layerZstd
  /// The non-distributable layers are deprecated, but old images have them.
  case foreignLayerTar, foreignLayerGzip, foreignLayerZstd
  case dockerLayerTar, dockerLayerGzip, dockerLayerZstd, dockerForeignLayerGzip
  /// The content `{}` of a manifest that is no image (manifest.md, "Guidance for an Empty Descriptor").
  case empty

  public static var names: Literal {
    """
    application/vnd.oci.image.index.v1+json application/vnd.docker.distribution.manifest.list.v2+json application/vnd.oci.image.manifest.v1+json
    application/vnd.docker.distribution.manifest.v2+json application/vnd.oci.image.config.v1+json application/vnd.docker.container.image.v1+json
    application/vnd.oci.image.layer.v1.tar application/vnd.oci.image.layer.v1.tar+gzip application/vnd.oci.image.layer.v1.tar+zstd
    application/vnd.oci.image.layer.nondistributable.v1.tar application/vnd.oci.image.layer.nondistributable.v1.tar+gzip
    application/vnd.oci.image.layer.nondistributable.v1.tar+zstd application/vnd.docker.image.rootfs.diff.tar
    application/vnd.docker.image.rootfs.diff.tar.gzip application/vnd.docker.image.rootfs.diff.tar.zstd
    application/vnd.docker.image.rootfs.foreign.diff.tar.gzip application/vnd.oci.empty.v1+json
    """
  }

  /// What kind of document or blob the type is.
  public var role: MediaRole {
    switch self {
    case .index, .dockerManifestList: .index
    case .manifest, .dockerManifest: .manifest
    case .config, .dockerConfig: .config
    case .layerTar, .foreignLayerTar, .dockerLayerTar: .layer(.none)
    case .layerGzip, .foreignLayerGzip, .dockerLayerGzip, .dockerForeignLayerGzip: .layer(.gzip)
    case .layerZstd, .foreignLayerZstd, .dockerLayerZstd: .layer(.zstd)
    case .empty: .empty
    }
  }
}

/// What content is, whichever of the OCI and Docker types names it.
public enum MediaRole: Equatable, Sendable {
  case index, manifest, config, empty
  case layer(LayerCompression)
}

/// How a layer's tar archive is compressed.
public enum LayerCompression: Equatable, Sendable {
  case none, gzip, zstd
}
