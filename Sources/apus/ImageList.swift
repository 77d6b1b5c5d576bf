internal import Images
internal import OCI

extension CommandSpec {
  /// `apus image list`.
  static var imageList: CommandSpec {
    CommandSpec(
      name: "image list", summary: "list the images of the store",
      description: "One line for each name: the name, the digest of the manifest, the number of layers, and the size of their compressed blobs in KiB.",
      perform: { (call) throws(Failure) in try listImages(call.globals) })
  }
}

private func listImages(_ globals: GlobalOptions) throws(Failure) -> Int32 {
  let store = try openStore(globals)
  let list = try failing { () throws(ImageError) in try store.list() }
  for image in list.images {
    let layers = Text("\(image.layers.count) \(image.layers.count == 1 ? "layer" : "layers")")
    try show(Text("\(image.name)\t\(image.manifest.text)\t\(layers)\t\(image.size / 1024) KiB\n").string)
  }
  for damage in list.damaged { fail(damage) }
  return list.damaged.isEmpty ? 0 : 1
}
