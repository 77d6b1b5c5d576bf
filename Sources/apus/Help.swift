internal import Linux

/// What `apus help` prints.
var overview: String {
  """
  apus runs containers on phones and boards.

  Usage: apus [--root DIR] [--data-root DIR] COMMAND ...

  Commands:
    run            run a container from an OCI bundle, in the foreground
    image import   take an image from an OCI layout directory into the store
    image list     list the images of the store
    image remove   remove an image
    image run      run a container from an image, in the foreground
    help           print this, or the help of a command: apus help image run

  Options:
    --root DIR       where the state of containers is kept (default /run/apus)
    --data-root DIR  where images are kept (default /var/lib/apus)
    --version        print the version
    --help           print this

  """
}

/// Prints the help of a command.
func help(_ words: inout ArgumentList) throws(Failure) -> Int32 {
  guard let verb = words.next() else { return try show(overview) }
  if verb.equals("run") { return try show(RunVerb.help) }
  if verb.equals("image") {
    guard let second = words.next() else { return try show(imageHelp) }
    if second.equals("import") { return try show(ImageImportVerb.help) }
    if second.equals("list") { return try show(imageListHelp) }
    if second.equals("remove") { return try show(imageRemoveHelp) }
    if second.equals("run") { return try show(ImageRunVerb.help) }
    throw .usage("no help for image \(second); `apus help image` lists the commands")
  }
  throw .usage("no help for \(verb); `apus help` lists the commands")
}
