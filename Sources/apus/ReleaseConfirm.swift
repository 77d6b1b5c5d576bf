internal import Images
internal import Wording

extension CommandSpec {
  /// `apus release confirm`.
  static var releaseConfirm: CommandSpec {
    changingReleases(
      name: "release confirm", summary: "say that an application's new release does well, and let the one before go",
      description: "The images of the one before can be removed then, and there is no way back to it.",
      perform: { (store, application) throws(ImageError) in try store.confirmRelease(of: application) })
  }
}
