/// What a caller says about a session to be made or changed.
struct SessionForm: Sendable {
  /// Nil: the server thinks of one.
  var name: String?
  var config: JSON?
  /// Without a word about it a session is not started.
  var starts: Bool

  /// - Throws: `Refusal` with 400 and an array of messages.
  init(_ body: JSON, version: ServerVersion) throws(Refusal) {
    var problems: [String] = []
    switch body["name"] {
    case nil, .null, "": self.name = nil
    case .string(let name):
      self.name = name
      problems += Self.problems(of: name, version: version)
    case .some:
      self.name = nil
      problems.append("name must be a string")
    }
    switch body["config"] {
    case nil, .null: self.config = nil
    case .object(let members): self.config = .object(members)
    case .some:
      self.config = nil
      problems.append("nested property config must be either object or array")
    }
    for (index, hook) in (self.config?["webhooks"]?.items ?? []).enumerated() {
      let url = hook["url"]?.text?.lowercased() ?? ""
      if !url.hasPrefix("http://") && !url.hasPrefix("https://") {
        problems.append("config.webhooks.\(index).url must be a URL address")
      }
    }
    switch body["start"] {
    case .bool(let starts): self.starts = starts
    case nil, .null: self.starts = false
    case .some:
      self.starts = false
      problems.append("start must be a boolean value")
    }
    guard problems.isEmpty else { throw Refusal(.validation(problems)) }
  }

  private static func problems(of name: String, version: ServerVersion) -> [String] {
    var problems: [String] = []
    if name.utf16.count > 54 {
      problems.append("name must be shorter than or equal to 54 characters")
    }
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    if version.restrictsSessionNames && !isPlain {
      problems.append(
        "Session name can only contain alphanumeric characters, hyphens, and underscores "
          + "(a-z, A-Z, 0-9, -, _) or be empty")
    }
    return problems
  }
}
