internal import Images
internal import Wording

extension CommandSpec {
  /// `apus release remove`.
  static var releaseRemove: CommandSpec {
    changingReleases(
      name: "release remove", summary: "remove the releases of an application, so that its images can be removed",
      description: "The highest version that has been accepted is not forgotten: nothing below it can be accepted again.",
      perform: { (store, application) throws(ImageError) in try store.removeRelease(of: application) })
  }
}
