internal import Images

/// What `apus help image remove` prints.
var imageRemoveHelp: String {
  """
  apus image remove: removes an image and the layers that no other image and no container needs.

  Usage: apus image remove NAME

  """
}

/// `apus image remove`.
func imageRemove(_ words: inout ArgumentList, _ globals: GlobalOptions) throws(Failure) -> Int32 {
  let name = try onlyOperand(&words, of: "image remove")
  let store = try openStore(globals)
  try failing { () throws(ImageError) in try store.removeImage(named: name) }
  return 0
}
