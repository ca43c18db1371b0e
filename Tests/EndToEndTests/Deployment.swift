import Foundation
import NIOConcurrencyHelpers
import Testing

/// A simulator and a server over a fresh database, each a process of its own.
struct Deployment: Sendable {
  let folder: URL
  let database: TestDatabase
  private(set) var simulator: Program
  let simulatorURL: String
  private(set) var server: Program
  private var ownURL: String
  private(set) var adminURL: String
  /// The replicas of the server that calls go to as well.
  private let replicas: [Replica]
  private let turn = NIOLockedValueBox(0)
  /// Servers beside the first, on the same database.
  private var others: [Program] = []
  private let environment: [String: String]
  private let simulatorArguments: [String]

  private struct Replica: Sendable {
    let program: Program
    let url: String
    let adminURL: String
  }

  private static let places = Places(8)
  /// How many servers each test has, over one database.
  private static let serverCount =
    ProcessInfo.processInfo.environment["USER_API_TEST_REPLICAS"].flatMap { Int($0) } ?? 1

  /// Where calls go: to each server in turn.
  var url: String {
    guard !self.replicas.isEmpty else { return self.ownURL }
    let turn = self.turn.withLockedValue { turn in
      turn += 1
      return turn % (self.replicas.count + 1)
    }
    return turn == 0 ? self.ownURL : self.replicas[turn - 1].url
  }

  static let wahaKey = "waha-key-that-is-secret"

  /// Runs `body` with a deployment, and ends it after.
  ///
  /// - Parameters:
  ///   - environment: What the servers are told beside their arguments.
  ///   - isSpread: Whether calls may go to any server; not where it is about what one of them does.
  ///   - database: Is the caller's; nil for one that is made and taken away.
  ///   - prepare: Puts into the folder what the server needs, and gives further arguments for it.
  static func with(
    engine: String = "WEBJS", simulator: [String] = [], server: [String] = [],
    environment: [String: String] = [:], isSpread: Bool = true, database: TestDatabase? = nil,
    prepare: (URL) async throws -> [String] = { _ in [] },
    _ body: (inout Deployment) async throws -> Void
  ) async throws {
    await Self.places.enter()
    defer { Self.places.leave() }
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "user-api-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let own = database == nil ? try await TestDatabase.make(in: folder) : nil
    var deployment = try await Deployment(
      folder: folder, database: database ?? own ?? .sqlite(folder: folder), engine: engine,
      simulator: simulator, server: server + (try await prepare(folder)),
      environment: environment, isSpread: isSpread)
    do {
      try await body(&deployment)
    } catch {
      Issue.record("server's log:\n\(deployment.server.output)")
      await deployment.end()
      try await own?.remove()
      throw error
    }
    await deployment.end()
    try await own?.remove()
  }

  private init(
    folder: URL, database: TestDatabase, engine: String, simulator: [String], server: [String],
    environment: [String: String], isSpread: Bool
  ) async throws {
    self.folder = folder
    self.database = database
    // The reconciler asks WAHA when it likes, which is nothing that a test did.
    self.environment = ["DATABASE_URL": database.url, "USER_API_RECONCILE_INTERVAL": "1h"]
      .merging(environment) { $1 }
    self.simulatorArguments =
      [
        "--engine", engine, "--scan-after", "never", "--start-delay", "1ms", "--operation-time",
        "1ms", "--qr-wait", "100ms",
      ] + simulator
    self.simulator = try Self.startSimulator(
      self.simulatorArguments + ["--listen", "127.0.0.1:0"], in: folder)
    let line = try await self.simulator.line { $0.contains("listening on ") }
    self.simulatorURL =
      line.split(separator: " ").first { $0.hasPrefix("http://") }.map(String.init) ?? ""
    (self.server, self.ownURL, self.adminURL) = try await Self.startServer(
      server, self.environment, wahaURL: self.simulatorURL, in: folder)
    var replicas: [Replica] = []
    for _ in 1..<Self.serverCount {
      let (program, url, adminURL) = try await Self.startServer(
        server + ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"], self.environment,
        wahaURL: self.simulatorURL, in: folder)
      if isSpread {
        replicas.append(Replica(program: program, url: url, adminURL: adminURL))
      } else {
        self.others.append(program)
      }
    }
    self.replicas = replicas
  }

  private static func startSimulator(
    _ arguments: [String], in folder: URL
  ) throws -> Program {
    try Program(
      "waha-simulator", arguments, environment: ["WAHA_API_KEY": Self.wahaKey], in: folder)
  }

  /// Starts another simulator in place of one that has ended, where that was. It knows no session.
  mutating func restartSimulator() async throws {
    let address = String(self.simulatorURL.dropFirst("http://".count))
    self.simulator = try Self.startSimulator(
      self.simulatorArguments + ["--listen", address], in: self.folder)
    _ = try await self.simulator.line { $0.contains("listening on ") }
  }

  private static func startServer(
    _ arguments: [String], _ environment: [String: String], wahaURL: String, in folder: URL
  ) async throws -> (Program, String, String) {
    let server = try Program(
      "user-api-server",
      [
        "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-level",
        "trace", "--log-format", "json", "--status-max-age", "0s",
      ] + arguments,
      environment: ["WAHA_API_URL": wahaURL, "WAHA_API_KEY": Self.wahaKey].merging(environment) {
        $1
      }, in: folder)
    let admin = try await server.line { $0.contains(#""message":"admin port listening""#) }
    let calls = try await server.line { $0.contains(#""message":"listening""#) }
    let scheme = arguments.contains("--tls-cert") ? "https://" : "http://"
    let address = Self.address(calls)
    return (
      server, address.hasPrefix("unix:") ? address : scheme + address,
      "http://" + Self.address(admin)
    )
  }

  private static func address(_ line: String) -> String {
    line.split(separator: "\"").first { $0.hasPrefix("127.0.0.1:") || $0.hasPrefix("unix:") }
      .map(String.init) ?? ""
  }

  /// Starts another server in place of one that has ended.
  mutating func restartServer(_ arguments: [String] = []) async throws {
    (self.server, self.ownURL, self.adminURL) = try await Self.startServer(
      arguments, self.environment, wahaURL: self.simulatorURL, in: self.folder)
  }

  /// Starts a server beside those that run.
  mutating func startAnother(
    _ arguments: [String]
  ) async throws -> (server: Program, url: String) {
    let (server, url, _) = try await Self.startServer(
      arguments, self.environment, wahaURL: self.simulatorURL, in: self.folder)
    self.others.append(server)
    return (server, url)
  }

  private func end() async {
    let servers = [self.server] + self.replicas.map(\.program) + self.others
    for program in servers + [self.simulator] where program.isRunning {
      program.signal(SIGKILL)
      await program.end()
    }
    do { try FileManager.default.removeItem(at: self.folder) } catch {
      Issue.record("the folder stays: \(error)")
    }
  }

  // MARK: Tokens

  /// A new token: its id and its secret.
  ///
  /// - Parameter scopes: Words with commas between them; nil for the role's.
  func token(
    user: String, role: String = "USER", scopes: String? = nil, expires: String? = nil
  ) async throws -> (id: String, secret: String) {
    var arguments = ["issue", "--user", user, "--role", role]
    arguments += scopes.map { ["--scopes", $0] } ?? []
    arguments += expires.map { ["--expires", $0] } ?? ["--no-expiry"]
    return Self.made(try await self.tokenCommand(arguments))
  }

  /// A new token in the place of another: its id and its secret.
  func rotate(_ id: String, _ arguments: [String]) async throws -> (id: String, secret: String) {
    Self.made(try await self.tokenCommand(["rotate", id] + arguments))
  }

  func revoke(_ id: String) async throws {
    _ = try await self.tokenCommand(["revoke", id])
  }

  /// What `token` says that has to succeed.
  private func tokenCommand(_ arguments: [String]) async throws -> String {
    let run = try await self.runTokenCommand(arguments)
    #expect(run.status == 0, "\(run.errors)")
    return run.output
  }

  func runTokenCommand(_ arguments: [String]) async throws -> Run {
    try await Run(
      "user-api-server", ["token"] + arguments,
      environment: ["DATABASE_URL": self.database.url], in: self.folder)
  }

  private static func made(_ output: String) -> (id: String, secret: String) {
    let lines = output.split(separator: "\n")
    return (
      String(lines.first?.split(separator: " ").last ?? ""), String(lines.last ?? "")
    )
  }

  // MARK: Calls, with curl

  struct Answer: Sendable {
    let status: Int
    let body: String
    let headers: String

    var json: [String: JSON] {
      if case .object(let object) = JSON(self.body) { object } else { [:] }
    }

    /// The body but for the id of the call, which an error carries.
    var bodyWithoutRequestID: String {
      guard let id = self.json["data"]?["requestId"]?.text else { return self.body }
      return self.body.replacing(#","requestId":"\#(id)""#, with: "")
    }

    /// The error's reason, if it is one.
    var reason: String? { self.json["data"]?["reason"]?.text }
  }

  /// A call in bare JSON.
  func call(
    _ procedure: String, _ message: String = "{}", token: String?,
    headers: [String] = [], contentType: String = "application/json", method: String = "POST"
  ) async throws -> Answer {
    try await self.call(
      at: self.url, procedure, message, token: token, headers: headers, contentType: contentType,
      method: method)
  }

  /// The same, of the server that is there.
  func call(
    at url: String, _ procedure: String, _ message: String = "{}", token: String?,
    headers: [String] = [], contentType: String = "application/json", method: String = "POST"
  ) async throws -> Answer {
    var arguments = [
      "--http2-prior-knowledge", "-sS", "-i", "-X", method, "--data-binary", "@-",
      "-H", "content-type: \(contentType)",
      url + "/user.v1.User/" + procedure,
    ]
    if let token { arguments += ["-H", "authorization: Bearer \(token)"] }
    for header in headers { arguments += ["-H", header] }
    let run = try await Run("curl", arguments, in: self.folder, input: message)
    #expect(run.status == 0, "\(run.errors)")
    let parts = run.output.split(separator: "\r\n\r\n", maxSplits: 1)
    let status = parts.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return Answer(
      status: status, body: parts.count > 1 ? String(parts[1]) : "",
      headers: String(parts.first ?? ""))
  }

  /// Initiates the user's session and gives its name.
  func initiate(token: String) async throws -> String {
    let answer = try await self.call("initiateWhatsAppSession", token: token)
    return try #require(answer.json["sessionName"]?.text, "\(answer.body)")
  }

  /// Initiates the user's session, scans its code, and gives its name once it works.
  func link(token: String) async throws -> String {
    let name = try await self.initiate(token: token)
    try await self.awaitStatus("SCAN_QR_CODE", of: name, token: token)
    _ = try await self.control("POST", "sessions/\(name)/scan")
    try await self.awaitStatus("WORKING", of: name, token: token)
    return name
  }

  /// Asks until the session is so. Bounded by the number of times.
  func awaitStatus(_ status: String, of name: String, token: String) async throws {
    try await eventually("the session is \(status)") {
      let answer = try await self.call(
        "getSessionStatus", #"{"sessionName":"\#(name)"}"#, token: token)
      return answer.json["status"]?.text == status
    }
  }

  // MARK: The simulator's controls

  @discardableResult
  func control(_ method: String, _ path: String, _ body: String = "") async throws -> String {
    let run = try await Run(
      "curl",
      [
        "-sS", "-X", method, "--data-binary", "@-", "-H", "content-type: application/json",
        self.simulatorURL + "/simulator/" + path,
      ], in: self.folder, input: body)
    #expect(run.status == 0, "\(run.errors)")
    return run.output
  }

  /// How many requests WAHA got whose path begins so.
  func requestCount(_ path: String, method: String? = nil) async throws -> Int {
    let query = "path=\(path)" + (method.map { "&method=\($0)" } ?? "")
    let text = try await self.control("GET", "requests/count?\(query)")
    guard case .object(let object) = JSON(text), case .number(let count)? = object["count"] else {
      throw Program.Failure(description: "no count: \(text)")
    }
    return Int(count)
  }
}

extension Deployment {
  /// The admin ports of all servers that calls go to.
  private var adminURLs: [String] { [self.adminURL] + self.replicas.map(\.adminURL) }

  /// How often the server has asked WAHA for anything, as it says itself: the simulator may also hear
  /// from the server of a test whose own simulator had the port before.
  func upstreamCalls() async throws -> Int {
    let metrics = try await Run(
      "curl", ["-sS"] + self.adminURLs.map { $0 + "/metrics" }, in: self.folder
    ).output
    let lines = metrics.split(separator: "\n").filter {
      $0.hasPrefix("user_api_upstream_calls_total{")
    }
    #expect(!lines.isEmpty, "\(metrics)")
    return lines.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
  }
}

/// Asks until it is so. Bounded by the number of times, each of which takes a program's run.
func eventually(_ what: String, _ isSo: () async throws -> Bool) async throws {
  for _ in 0..<2_000 {
    if try await isSo() { return }
    try Task.checkCancellation()
  }
  throw Program.Failure(description: "never came true: \(what)")
}
