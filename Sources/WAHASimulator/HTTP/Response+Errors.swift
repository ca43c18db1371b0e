internal import FoundationEssentials
internal import NIOHTTP1

/// WAHA's error bodies. No two kinds share a shape.
extension Response {
  /// A framework error: `message` is one text.
  static func failure(_ status: Int, _ message: String) -> Self {
    .json(
      status,
      [
        "message": .string(message),
        "error": .string(HTTPResponseStatus(statusCode: status).reasonPhrase),
        "statusCode": .int(status),
      ])
  }

  /// A failed validation: `message` is an array of texts.
  static func validation(_ messages: [String]) -> Self {
    .json(
      400,
      [
        "message": .array(messages.map { .string($0) }), "error": "Bad Request", "statusCode": 400,
      ])
  }

  static let unauthorized = Self.json(401, ["message": "Unauthorized", "statusCode": 401])

  static let sessionNotFound = Self.failure(404, "Session not found")

  static func sessionNotRunning(_ name: String) -> Self {
    .failure(
      404,
      "We didn't find a session with name '\(name)'.\n"
        + "Please start it first by using POST /api/sessions/\(name)/start request")
  }

  static func sessionMissing(_ name: String) -> Self {
    .json(422, ["error": "Session \"\(name)\" does not exist", "session": .string(name)])
  }

  /// Has neither `message` nor `statusCode`.
  static func wrongStatus(session: String, status: String, expected: String) -> Self {
    .json(
      422,
      [
        "error":
          "Session status is not as expected. Try again later or restart the session",
        "session": .string(session),
        "status": .string(status),
        "expected": [.string(expected)],
      ])
  }

  /// Anything that is thrown and is no framework error: the 500 with request echo and stack.
  static func exception(
    _ exception: ServerException, to request: Request, engine: Engine, version: ServerVersion
  ) -> Self {
    let stack =
      "\(exception.name): \(exception.message)\n    at SessionManager.run (/app/dist/x.js)"
    let isBoom = exception.data != nil
    return .json(
      500,
      [
        "statusCode": 500,
        "timestamp": .string(Date.now.formatted(Date.ISO8601FormatStyle.milliseconds)),
        "exception": [
          "message": .string(exception.message),
          "data": exception.data ?? .undefined,
          "isBoom": isBoom ? true : .undefined,
          "isServer": isBoom ? true : .undefined,
          "output": isBoom ? [:] : .undefined,
          "name": .string(exception.name),
          "stack": .string(stack),
        ],
        "request": [
          "path": .string(request.target),
          "method": .string(request.method.rawValue),
          "body": (try? request.json()) ?? [:],
          "query": .object(
            request.query.map { JSON.Member(key: $0.name, value: .string($0.value)) }),
        ],
        "version": [
          "version": .string(version.description), "engine": .string(engine.rawValue),
          "tier": "PLUS", "browser": engine.browser,
        ],
      ])
  }
}

extension Date.ISO8601FormatStyle {
  /// `2024-07-30T09:56:20.647Z`
  static let milliseconds = Self(includingFractionalSeconds: true)
}
