public import Linux
public import Probe

extension CgroupLayout {
  /// Where features of control groups are tried.
  public func surroundings(dataDirectory: Path) -> Surroundings {
    var places: [Surroundings.Place] = []
    for controller in Controller.allCases {
      // What v2 does without a controller is not the controller that v1 has for it.
      guard let hierarchy = hierarchy(of: controller), hierarchy.generation == .v1 || controller != .devices else { continue }
      places.append(
        Surroundings.Place(
          feature: controller.feature, version: hierarchy.generation == .v1 ? 1 : 2, mountPoint: hierarchy.mountPoint,
          word: controller.unifiedName.description))
    }
    return Surroundings(
      dataDirectory: dataDirectory, controllers: places, hasHierarchy: !hierarchies.isEmpty, unified: unifiedIndex.map { hierarchies[$0].mountPoint },
      isOnFirstRoot: isOnFirstRoot)
  }
}
