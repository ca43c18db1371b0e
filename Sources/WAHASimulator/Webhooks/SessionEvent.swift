internal import NIOCore

/// A `session.status` event, for every hook of its session.
struct SessionEvent: Sendable {
  let hooks: [Webhook]
  let session: String
  let status: String
  /// In milliseconds since 1970.
  let atMs: Int
  let version: ServerVersion
  /// Nil from a version that gives events no id.
  let id: String?
  private let content: JSON

  init(
    _ transition: Transition, of session: Session, dialect: Dialect, owner: Contact,
    clock: WallClock
  ) {
    let version = dialect.version
    let atMs = clock.milliseconds(at: transition.at)
    var random = SystemRandomNumberGenerator()
    self.hooks = session.hooks
    self.session = session.name
    self.status = transition.status
    self.atMs = atMs
    self.version = version
    self.id = version.identifiesEvents ? "evt_\(ULID(at: atMs, using: &random))" : nil
    let latest: [JSON] = transition.latest.map { moment in
      [
        "status": .string(moment.status),
        "timestamp": .int(clock.milliseconds(at: moment.at)),
      ]
    }
    self.content = [
      "id": .orUndefined(self.id),
      "timestamp": version.identifiesEvents ? .int(atMs) : .undefined,
      "event": "session.status",
      "session": .string(session.name),
      "metadata": session.config?["metadata"] ?? .undefined,
      "me": transition.isIdentified ? owner.asMe(dialect) : .null,
      "payload": [
        "name": .string(session.name),
        "status": .string(transition.status),
        "statuses": version.tellsLatestStatuses ? .array(latest) : .undefined,
        "data": version.tellsStatusData ? .null : .undefined,
      ],
      "engine": .string(dialect.engine.rawValue),
      "environment": dialect.environment,
    ]
  }

  /// The event as it is sent, the same for every hook and every try.
  var body: ByteBuffer { self.content.encoded }
}
