internal import Images
internal import Linux

/// Opens the store of images.
func openStore(_ globals: GlobalOptions) throws(Failure) -> Store {
  try requireRoot()
  return try failing { () throws(ImageError) in try Store(at: globals.dataRoot, warn: { report("warning: \($0)") }) }
}
