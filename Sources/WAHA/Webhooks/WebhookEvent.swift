internal import UserAPI

/// What a webhook tells, as far as anybody wants to know it.
struct WebhookEvent: Sendable, Equatable {
  /// The one event that means something to us.
  static let sessionStatus = "session.status"

  /// The longest id, or name of a status, that makes sense, in bytes.
  static let maximumIDLength = 128

  /// Its name.
  var name: String
  /// Missing in webhooks of servers before 2025.3, as is the time.
  var id: String?
  var at: Timestamp?
  /// Nil where the event is none of a session's status.
  var change: Change?

  struct Change: Sendable, Equatable {
    var session: String
    var status: String
  }

  /// Reads a body. Only what is wanted of it is built, and up to
  /// ``JSONReader/maximumListDepth`` levels are read.
  ///
  /// - Throws: `MALFORMED_JSON` or `INVALID_FIELD`, without a word of what the body says.
  init(_ body: [UInt8]) throws(UserAPIError) {
    let object = try JSONReader.readObject(body, keys: Self.keys, objects: Self.objects)
    self.name = try object.string("event")
    guard self.name == Self.sessionStatus else { return }
    let id = try object.optionalString("id", maximumLength: Self.maximumIDLength)
    self.id = id?.isEmpty == true ? nil : id
    self.at = try object.optionalInteger("timestamp", minimum: 0).map {
      Timestamp(millisecondsSinceEpoch: Int64($0))
    }
    guard case .object(let payload) = object["payload"],
      let status = try payload.optionalString("status", maximumLength: Self.maximumIDLength),
      !status.isEmpty
    else { throw UserAPIError(.invalidField, "payload: must have a status") }
    self.change = Change(session: try object.string("session"), status: status)
  }

  private static let keys = JSONKeys(["id", "timestamp", "event", "session", "payload", "status"])
  private static let objects = JSONKeys(["payload"])
}
