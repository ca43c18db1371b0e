internal import NIOHTTP1

/// The calls that are answered.
enum Route: Equatable {
  case ping, health, version, serverStatus, serverEnvironment, serverStop
  case listSessions, createSession
  case showSession(String), replaceSession(String), deleteSession(String)
  case startSession(String), stopSession(String), restartSession(String), logoutSession(String)
  case me(String), code(String), requestCode(String)
  case groups(String), countGroups(String), refreshGroups(String)
  case contacts
  case lids(String), countLids(String), lid(session: String, lid: String)
  case lidOfNumber(session: String, number: String)

  /// Nil for a path that no call has.
  init?(_ method: HTTPMethod, _ path: [String]) {
    switch path.count {
    case 1: self.init(method, path[0])
    case 2: self.init(method, path[0], path[1])
    case 3: self.init(method, path[0], path[1], path[2])
    case 4: self.init(method, path[0], path[1], path[2], path[3])
    case 5:
      guard method == .GET, path[0] == "api", path[2] == "lids", path[3] == "pn" else { return nil }
      self = .lidOfNumber(session: path[1], number: path[4])
    default: return nil
    }
  }

  private init?(_ method: HTTPMethod, _ first: String) {
    switch (method, first) {
    case (.GET, "ping"): self = .ping
    case (.GET, "health"): self = .health
    default: return nil
    }
  }

  private init?(_ method: HTTPMethod, _ first: String, _ second: String) {
    switch (method, first, second) {
    case (.GET, "api", "version"): self = .version
    case (.GET, "api", "sessions"): self = .listSessions
    case (.POST, "api", "sessions"): self = .createSession
    default: return nil
    }
  }

  private init?(_ method: HTTPMethod, _ first: String, _ second: String, _ third: String) {
    switch (method, first, second, third) {
    case (.GET, "api", "server", "version"): self = .version
    case (.GET, "api", "server", "status"): self = .serverStatus
    case (.GET, "api", "server", "environment"): self = .serverEnvironment
    case (.POST, "api", "server", "stop"): self = .serverStop
    case (.GET, "api", "contacts", "all"): self = .contacts
    case (.GET, "api", "sessions", let name): self = .showSession(name)
    case (.PUT, "api", "sessions", let name): self = .replaceSession(name)
    case (.DELETE, "api", "sessions", let name): self = .deleteSession(name)
    case (.GET, "api", let name, "groups"): self = .groups(name)
    case (.GET, "api", let name, "lids"): self = .lids(name)
    default: return nil
    }
  }

  private init?(
    _ method: HTTPMethod, _ first: String, _ second: String, _ third: String, _ fourth: String
  ) {
    switch (method, first, second, third, fourth) {
    case (.GET, "api", "sessions", let name, "me"): self = .me(name)
    case (.POST, "api", "sessions", let name, "start"): self = .startSession(name)
    case (.POST, "api", "sessions", let name, "stop"): self = .stopSession(name)
    case (.POST, "api", "sessions", let name, "restart"): self = .restartSession(name)
    case (.POST, "api", "sessions", let name, "logout"): self = .logoutSession(name)
    case (.GET, "api", let name, "auth", "qr"): self = .code(name)
    case (.POST, "api", let name, "auth", "request-code"): self = .requestCode(name)
    case (.GET, "api", let name, "groups", "count"): self = .countGroups(name)
    case (.POST, "api", let name, "groups", "refresh"): self = .refreshGroups(name)
    case (.GET, "api", let name, "lids", "count"): self = .countLids(name)
    case (.GET, "api", let name, "lids", let lid): self = .lid(session: name, lid: lid)
    default: return nil
    }
  }

  /// The session whose engine the call asks; nil for one that the server answers by itself.
  func asksEngine(_ request: Request) -> String? {
    switch self {
    case .me(let name), .code(let name), .requestCode(let name), .groups(let name),
      .countGroups(let name), .refreshGroups(let name), .lids(let name), .countLids(let name),
      .lid(let name, _), .lidOfNumber(let name, _):
      name
    case .contacts: request.parameter("session") ?? "default"
    case .ping, .health, .version, .serverStatus, .serverEnvironment, .serverStop,
      .listSessions, .createSession, .showSession, .replaceSession, .deleteSession,
      .startSession, .stopSession, .restartSession, .logoutSession:
      nil
    }
  }

  /// Whether a server of this version has the call.
  func exists(in version: ServerVersion) -> Bool {
    switch self {
    case .refreshGroups: version.refreshesGroups
    case .countGroups: version.countsGroups
    case .lids, .countLids, .lid, .lidOfNumber: version.hasLids
    case .ping, .health, .version, .serverStatus, .serverEnvironment, .serverStop,
      .listSessions, .createSession, .showSession, .replaceSession, .deleteSession,
      .startSession, .stopSession, .restartSession, .logoutSession, .me, .code, .requestCode,
      .groups, .contacts:
      true
    }
  }
}
