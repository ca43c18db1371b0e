/// How the server speaks at the moment a request comes in.
struct Dialect: Sendable {
  var engine: Engine
  var version: ServerVersion

  /// The server about itself.
  var environment: JSON {
    [
      "version": .string(self.version.description),
      "engine": .string(self.engine.rawValue),
      "tier": "PLUS",
      "browser": self.engine.browser,
      "platform": "linux/x64",
      "worker": self.version.reportsWorker ? ["id": .null] : .undefined,
    ]
  }

  /// Whether hooks hear of `WORKING` twice.
  var announcesWorkingTwice: Bool { self.engine == .webjs && !self.version.tellsWorkingOnce }

  func exception(_ exception: ServerException, to request: Request) -> Response {
    .exception(exception, to: request, engine: self.engine, version: self.version)
  }
}
