/// Every command, in the order in which help shows them. Parser, help, completions and the check of the manual pages are made from this.
var commands: [CommandSpec] {
  [
    .create, .start, .run, .exec, .state, .list, .kill, .delete, .pause, .resume, .update, .events, .ps,
    .imageImport, .imageList, .imageRemove, .imageRun,
    .spec, .features, .check, .completion, .help,
  ]
}

/// The first words that need a second one.
var commandGroups: [CommandGroup] { [CommandGroup(name: "image", summary: "the store of images")] }

/// The options that stand before the command.
var globalOptions: [OptionID] { [.root, .dataRoot, .log, .logFormat, .debug, .cgroupManager, .systemdCgroup, .rootless, .version, .help] }

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
  /// Whether it is one of the group's: its name begins with the group's word.
  func isIn(_ group: CommandGroup) -> Bool {
    name.withUTF8Buffer { name in
      group.name.withUTF8Buffer { group in name.count > group.count && name[group.count] == 0x20 && name.starts(with: group) }
    }
  }

  /// The last word of its name.
  var lastWord: String {
    name.withUTF8Buffer { name in String(decoding: name.split(separator: 0x20).last ?? [], as: UTF8.self) }
  }
}

/// The commands of one word.
var commandsWithoutGroup: [CommandSpec] { commands.filter { command in !commandGroups.contains { command.isIn($0) } } }

extension ArraySlice<String> {
  /// What stands behind the words of `name`; nil when it does not begin with them.
  fileprivate func dropping(_ name: StaticString) -> ArraySlice<String>? {
    name.withUTF8Buffer { name in
      let parts = name.split(separator: 0x20)
      guard count >= parts.count, zip(parts, self).allSatisfy({ part, word in word.utf8.elementsEqual(part) }) else { return nil }
      return dropFirst(parts.count)
    }
  }
}
