internal import CPostgres

/// Where a PostgreSQL server is and how to reach it, with everything that libpq takes in a URL. What
/// it leaves out comes from libpq's own variables and files. Prints as `<redacted>`: it may have a
/// password in it.
package struct PostgresURL: Sendable, Equatable {
  /// libpq's words and what they are set to, without those that are not given.
  let options: [String: String]

  /// - Throws: ``DatabaseURLError``.
  init(_ text: String) throws(DatabaseURLError) {
    guard !text.utf8.contains(0) else {
      throw DatabaseURLError(problem: "must not have NUL in it")
    }
    self.options = try Self.parse(text)
    try Self.check(self.options)
  }

  private static func parse(_ text: String) throws(DatabaseURLError) -> [String: String] {
    var message: UnsafeMutablePointer<CChar>?
    guard let parsed = PQconninfoParse(text, &message) else {
      defer { PQfreemem(message) }
      throw DatabaseURLError(problem: Self.problem(message.map { String(cString: $0) } ?? ""))
    }
    defer { PQconninfoFree(parsed) }
    var options: [String: String] = [:]
    var option = parsed
    while let keyword = option.pointee.keyword {
      // Where nothing is given for it, that is what an empty one means too.
      if let value = option.pointee.val, value.pointee != 0 {
        options[String(cString: keyword)] = String(cString: value)
      }
      option += 1
    }
    return options
  }

  /// What libpq said, without what it quotes, which may be the password.
  private static func problem(_ message: String) -> String {
    for (beginning, problem) in [
      ("end of string reached when looking for matching", "an IPv6 address has no ] at its end"),
      ("IPv6 host address may not be empty", "an IPv6 address is empty"),
      ("unexpected character", "after an IPv6 address there must be : or /"),
      ("missing key/value separator", "a parameter after the ? has no ="),
      ("extra key/value separator", "a parameter after the ? has more than one ="),
      ("invalid URI query parameter", "a parameter after the ? is none that libpq knows"),
      ("invalid percent-encoded token", "a % is not followed by two hexadecimal digits"),
      ("forbidden value %00", "must not have %00 in it"),
    ] where message.hasPrefix(beginning) {
      return problem
    }
    return "is no URL that libpq understands"
  }

  // MARK: Values

  private static let words: [String: [String]] = [
    "sslmode": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
    "channel_binding": ["disable", "prefer", "require"],
    "gssencmode": ["disable", "prefer", "require"],
    "target_session_attrs": [
      "any", "read-write", "read-only", "primary", "standby", "prefer-standby",
    ],
  ]

  private static let numbers = [
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
    "tcp_user_timeout",
  ]

  /// libpq looks at the values only when it connects, and then for each server of its own.
  private static func check(_ options: [String: String]) throws(DatabaseURLError) {
    for (name, words) in Self.words.sorted(by: { $0.key < $1.key }) {
      guard let value = options[name], !words.contains(value) else { continue }
      throw DatabaseURLError(problem: "\(name) must be one of \(words.joined(separator: ", "))")
    }
    for name in Self.numbers {
      guard let value = options[name], Int32(value) == nil else { continue }
      throw DatabaseURLError(problem: "\(name) must be a number")
    }
    let ports = Self.list(options["port"])
    for port in ports where !port.isEmpty && !(UInt16(port).map { $0 > 0 } ?? false) {
      throw DatabaseURLError(problem: "a port must be a number from 1 to 65535")
    }
    let (hosts, addresses) = (Self.list(options["host"]), Self.list(options["hostaddr"]))
    guard hosts.isEmpty || addresses.isEmpty || hosts.count == addresses.count else {
      throw DatabaseURLError(problem: "there must be as many of hostaddr as of hosts")
    }
    guard ports.count <= 1 || ports.count == max(hosts.count, addresses.count) else {
      throw DatabaseURLError(problem: "there must be one port, or as many as hosts")
    }
  }

  static func list(_ text: String?) -> [String] {
    text.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
  }
}

extension PostgresURL: CustomStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
