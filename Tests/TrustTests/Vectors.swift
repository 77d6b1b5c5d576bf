/// Keys and signatures that Python's cryptography made (keys new and forgotten); `image` is the digest of the five bytes of that word.
enum Vectors {
  static let image = "sha256:6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d"
  static let key = """
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8FCq/I0AnSFJPSPr+o0FhBh3lQxA
    ZKkpCiX1GsOI42DXG9XTAAgoYjftcK5xt8HlpOOc8aGZz34tBIJD0WXKiw==
    -----END PUBLIC KEY-----

    """
  static let otherKey = """
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAED/qWZgXNYUGQyXAQ97pYyR2x8TQy
    rV1fQv+iao2lYXiHIrIUVhXpUBwous21TjCvEzvBzJIEHYQ+PeJbOftTlw==
    -----END PUBLIC KEY-----

    """
  static let keyOverP384 = """
    -----BEGIN PUBLIC KEY-----
    MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAERefAiPi95uydIVX7bI9FetCZCMX7RUjx
    rtBtOw1OYISRf7b45p8m9xSoFjK3tgbEnNjEx4fPcznEDm+tsZo6LS1DDV0hem1V
    BNA0UHBVtMlOxtx8JZRaASTdykf7ER3C
    -----END PUBLIC KEY-----

    """
  static let keyOfRSA = """
    -----BEGIN PUBLIC KEY-----
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAquL0Cd4Gxe3Bdt7ttMGd
    ad108Jhyu4pC1tJgk9JVWvcci5urnT/TcOpDt/9BdcAUQGLEvDpYLWKqk5Z+xfFF
    o0tOWnP66erXvgwM05B9W+jSWiq55fDIiGLjSIX6Z9IyWKXBCCdmH1MSXfhwR6Kx
    2nHgtbovN4XqkaapAP8aOJroRbqdBLg76QzY/oEAxj3PGys4k9lzmJTw1F3FS4jH
    cG2I09I0Y4U5iKTzLLGXFJL7YMn2WaLXlCpJW+im338X+ANs7MYVgwnmAjnjQ1Kg
    /zy63AlyZjUHouL8bzGjlBK6kEpGRohFr6NHI95JSqukgufyvPKpKkrM2ySdamwr
    vQIDAQAB
    -----END PUBLIC KEY-----

    """
  /// What cosign signs in its older form, for docker.io/acme/app, and the signature by `key`, of which `otherKey` knows nothing.
  static let payload =
    #"{"critical":{"identity":{"docker-reference":"docker.io/acme/app"},"image":{"docker-manifest-digest":"sha256:6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d"},"type":"cosign container image signature"},"optional":null}"#
  static let payloadSignature = #"MEUCICGieDqCUclG6K5PXK7Tr10XJtUOdEBDPI2IH/Ub0e86AiEAlSwf4kR2pqcKUg73fFNiel2k12c8uKzcnO7RtAOndOw="#
  /// What cosign signs in a bundle, and the signature of its envelope.
  static let statement =
    #"{"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": "6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d"}}], "predicateType": "https://sigstore.dev/cosign/sign/v1", "predicate": {}}"#
  static let statementSignature = #"MEQCIFkKXjhyVR/UYCi81VVz6ejauhttaPgKGr30GDfOg/poAiBZbJLxn0ZOWp3lOZxwcdDgtxhsXvSXMdm25srtatZrtw=="#
  /// An attestation about the image: the same with another predicate.
  static let attestation =
    #"{"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": "6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d"}}], "predicateType": "https://slsa.dev/provenance/v1", "predicate": {}}"#
  static let attestationSignature = #"MEYCIQDAqdWdwnQPptQrJRa2Yot4yrm9f49qWdTjzDqofgQ8RQIhANoCjBPFRt4cOkizRChUFA4EYfcCWU9oSanw8c0o/zhm"#
}
