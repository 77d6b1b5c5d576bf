internal import Images
internal import OCI

/// What `apus help image list` prints.
var imageListHelp: String {
  """
  apus image list: lists the images of the store.

  Usage: apus image list

  One line for each name: the name, the digest of the manifest, the number of layers, and the size of their compressed blobs in KiB.

  """
}

/// `apus image list`.
func imageList(_ words: inout ArgumentList, _ globals: GlobalOptions) throws(Failure) -> Int32 {
  if words.next() != nil { throw .usage("image list: takes no operands") }
  let store = try openStore(globals)
  let list = try failing { () throws(ImageError) in try store.list() }
  for image in list.images {
    try show("\(image.name)\t\(image.manifest.text)\t\(image.layers.count) \(image.layers.count == 1 ? "layer" : "layers")\t\(image.size / 1024) KiB\n")
  }
  for damage in list.damaged { report(damage) }
  return list.damaged.isEmpty ? 0 : 1
}
