internal import Images
internal import Wording

extension CommandSpec {
  /// `apus release revert`.
  static var releaseRevert: CommandSpec {
    changingReleases(
      name: "release revert", summary: "go back to the release before one that has not been confirmed",
      description: "No version below the highest that has been accepted can be accepted again all the same.",
      perform: { (store, application) throws(ImageError) in try store.revertRelease(of: application) })
  }
}
