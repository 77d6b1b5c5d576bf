internal import Images
internal import Linux

/// What `apus help image` prints.
var imageHelp: String {
  """
  apus image: the store of images.

  Commands:
    image import LAYOUT   take an image from an OCI layout directory into the store
    image list            list the images of the store
    image remove NAME     remove an image
    image run NAME        run a container from an image, in the foreground

  """
}

/// Finds the verb behind `image` and runs it.
func imageVerb(_ words: inout ArgumentList, _ globals: GlobalOptions, _ raw: UnsafePointer<UnsafePointer<CChar>?>) throws(Failure) -> Int32 {
  guard let verb = words.next() else { throw .usage("image: needs a command; `apus help image` lists them") }
  if verb.equals("import") { return try ImageImportVerb(&words).perform(globals) }
  if verb.equals("list") { return try imageList(&words, globals) }
  if verb.equals("remove") { return try imageRemove(&words, globals) }
  if verb.equals("run") { return try ImageRunVerb(&words).perform(globals, raw) }
  if verb.equals("--help") || verb.equals("-h") { return try show(imageHelp) }
  throw .usage("image: unknown command \(verb); `apus help image` lists them")
}

/// Opens the store of images.
func openStore(_ globals: GlobalOptions) throws(Failure) -> Store {
  try requireRoot()
  return try failing { () throws(ImageError) in try Store(at: globals.dataRoot) }
}

/// The one operand of a verb that has no options.
func onlyOperand(_ words: inout ArgumentList, of verb: String) throws(Failure) -> String {
  var operands: [String] = []
  while let argument = words.nextArgument() {
    switch argument {
    case .operand(let word): operands.append(word)
    case .option(let name, _): throw .usage("\(verb): unknown option \(name); see `apus help \(verb)`")
    }
  }
  guard let first = operands.first, operands.count == 1 else { throw .usage("\(verb): needs exactly one operand; see `apus help \(verb)`") }
  return first
}
