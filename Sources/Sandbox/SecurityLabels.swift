internal import Linux
public import OCI

/// What the security modules of the kernel are told of the container's processes.
public struct SecurityLabels: Sendable, Equatable {
  /// The AppArmor profile that the program runs under (`process.apparmorProfile`).
  public private(set) var appArmor: String?
  /// What the kernel is told of that.
  private var appArmorCommand = ""
  /// The SELinux context that the program runs in (`process.selinuxLabel`).
  public var seLinux: String?

  /// None.
  init() {}

  /// Plans what config.json asks for; an empty string is what generators write for "none".
  public init(_ process: Process) throws(SpecError) {
    appArmor = try SecurityLabels.label(process.apparmorProfile, "process.apparmorProfile")
    if let appArmor { appArmorCommand = Text("exec \(appArmor)").string }
    seLinux = try SecurityLabels.label(process.selinuxLabel, "process.selinuxLabel")
  }

  /// A label that goes into a control file or a mount option as it is: what ends either would say something else.
  static func label(_ label: String?, _ path: Literal) throws(SpecError) -> String? {
    guard let label, !label.utf8.isEmpty else { return nil }
    for byte in label.utf8 where byte < 0x20 || byte == 0x22 { throw SpecError(path: "\(path)", reason: "must not have control characters or quotes") }
    return label
  }

  /// Tells the kernel what the next exec of this process enters. Whatever this process starts before inherits it.
  func applyToExec() throws(SandboxError) {
    if appArmor == nil && seLinux == nil { return }
    let proc = try ProcHandle.open()
    if let seLinux {
      do throws(Errno) {
        try proc.write(seLinux, to: "self/attr/exec")
      } catch {
        throw SecurityLabels.error("process.selinuxLabel", error, ifInvalid: "the policy knows no context \(seLinux)")
      }
    }
    if let appArmor { try apply(appArmor, proc) }
  }

  private func apply(_ profile: String, _ proc: borrowing ProcHandle) throws(SandboxError) {
    do throws(Errno) {
      do throws(Errno) {
        try proc.write(appArmorCommand, to: "self/attr/apparmor/exec")
        return
      } catch {
        // Before Linux 5.8 one file is for all security modules. ENOENT is also what the kernel says of a profile that is not loaded, and says again.
        if error != .noSuchFileOrDirectory { throw error }
      }
      try proc.write(appArmorCommand, to: "self/attr/exec")
    } catch {
      if error == .noSuchFileOrDirectory { throw SandboxError("process.apparmorProfile: no profile \(profile) is loaded") }
      throw SecurityLabels.error("process.apparmorProfile", error, ifInvalid: "AppArmor does not take \(profile)")
    }
  }

  static func error(_ path: Literal, _ error: Errno, ifInvalid reason: @autoclosure () -> String) -> SandboxError {
    switch error {
    case .invalidArgument: SandboxError("\(path): \(reason())")
    // Something is mounted on the file or on its way.
    case .crossDevice: SandboxError("\(path): /proc/self/attr is hidden by another mount")
    default: SandboxError("\(path): \(error.message)")
    }
  }
}
