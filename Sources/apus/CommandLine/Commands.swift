internal import Linux

/// Every command, in the order in which help shows them. Parser, help, completions and the check of the manual pages are made from this.
var commands: [CommandSpec] {
  [
    .create, .start, .run, .exec, .state, .list, .kill, .delete, .pause, .resume, .update, .events, .ps,
    .imageImport, .imageList, .imageInspect, .imageHistory, .imageTag, .imageRemove, .imagePrune, .imageVerify, .imageExport, .imageDf, .imageRun,
    .imageMount, .imageUnmount,
    .releaseAccept, .releaseList, .releaseInspect, .releaseConfirm, .releaseRevert, .releaseRemove, .trustShow, .trustUpdate,
    .appValidate,
    .spec, .features, .check, .completion, .help,
  ]
}

/// The first words that need a second one.
var commandGroups: [CommandGroup] {
  [
    CommandGroup(name: "image", summary: "the store of images"), CommandGroup(name: "release", summary: "signed releases of applications"),
    CommandGroup(name: "trust", summary: "the keys that may sign releases"), CommandGroup(name: "app", summary: "applications"),
  ]
}

/// The options that stand before the command.
var globalOptions: [OptionID] { [.root, .dataRoot, .policy, .trustRoot, .log, .logFormat, .debug, .cgroupManager, .systemdCgroup, .rootless, .version, .help] }

/// What the first words of a command line call.
enum FoundCommand {
  /// A command, and the words behind its name.
  case command(CommandSpec, ArraySlice<String>)
  /// A group, without the name of a command in it; and the word that stands there instead, if any.
  case group(CommandGroup, String?)
  case none

  init(_ words: ArraySlice<String>) {
    for command in commands {
      if let rest = words.dropping(command.name) {
        self = .command(command, rest)
        return
      }
    }
    for group in commandGroups {
      if let rest = words.dropping(group.name) {
        self = .group(group, rest.first)
        return
      }
    }
    self = .none
  }
}

extension CommandSpec {
  /// Whether it is one of the group's: its name begins with the group's word. Nil stands for the commands of one word.
  func isIn(_ group: CommandGroup?) -> Bool {
    let (first, second) = cut(name.description, at: " ")
    guard let group else { return second == nil }
    return second != nil && first.equals(group.name.description)
  }

  /// The last word of its name.
  var lastWord: String {
    let (first, second) = cut(name.description, at: " ")
    return second ?? first
  }
}

/// The commands of a group; those of one word when it is nil.
func commands(in group: CommandGroup?) -> [CommandSpec] {
  var members: [CommandSpec] = []
  for command in commands where command.isIn(group) { members.append(command) }
  return members
}

extension ArraySlice<String> {
  /// What stands behind the words of `name`; nil when it does not begin with them.
  fileprivate func dropping(_ name: Literal) -> ArraySlice<String>? {
    var rest = self
    for part in name.words {
      guard let word = rest.popFirst(), word.equals(part) else { return nil }
    }
    return rest
  }
}
