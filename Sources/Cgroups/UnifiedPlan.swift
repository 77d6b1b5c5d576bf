internal import Linux
internal import OCI

extension SettingList {
  /// The settings for `linux.resources.unified`: files of cgroup v2 by name, after all others, so that they decide.
  ///
  /// "Configuration unknown to the runtime MUST still be written" (config-linux.md, "Unified"): any file of a controller that `cgroup.controllers` names.
  func add(_ unified: [UnifiedSetting]) {
    for setting in unified {
      do throws(CgroupPlanError) {
        try add(setting)
      } catch {
        note(error)
      }
    }
  }

  private func add(_ setting: UnifiedSetting) throws(CgroupPlanError) {
    let asked = SettingList.path("unified[\"\(setting.file)\"]")
    let name = Array(setting.file.utf8)
    guard name.allSatisfy({ isLetterOrDigit($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D }), let dot = name.firstIndex(of: 0x2E), dot > 0 else {
      throw .refused(asked: asked, reason: "not the name of a control file")
    }
    guard let index = layout.unifiedIndex else { throw .refused(asked: asked, reason: "needs cgroup v2, which is not mounted here") }
    let controller = Controller(unifiedName: name[..<dot])
    var word: String?
    if name[..<dot].matches("cgroup") {
      // The other core files move, kill or freeze processes, or belong to who makes the group.
      guard setting.file.equals("cgroup.max.depth") || setting.file.equals("cgroup.max.descendants") || setting.file.equals("cgroup.pressure") else {
        throw .refused(asked: asked, reason: "not a limit")
      }
    } else if !(controller?.isBuiltIntoUnified ?? false) {
      word = string(name[..<dot])
      if !layout.hierarchies[index].offers(name[..<dot]) {
        if let controller { throw .noController(asked: asked, controller: controller, unified: nil) }
        throw .refused(asked: asked, reason: "no such controller in cgroup.controllers of \(layout.hierarchies[index].mountPoint.description)")
      }
    }
    // A file such as io.max takes one line in one write. An empty text has none: to write it would be a limit of 0 to some files.
    for line in setting.value.utf8.split(separator: 0x0A) {
      settings.append(
        Setting(
          hierarchy: index, controller: controller, unifiedController: word, file: setting.file, value: string(line),
          asked: asked, option: nil))
    }
  }
}
