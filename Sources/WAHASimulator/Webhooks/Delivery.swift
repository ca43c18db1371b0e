package import NIOCore

/// One event on its way to one hook.
package struct Delivery: Sendable, Equatable {
  package let hook: Webhook
  /// Nil from a version that gives events no id.
  package let eventID: String?
  /// New for every event and hook, the same for every try.
  package let requestID: String
  package let session: String
  package let status: String
  /// The event's time, in milliseconds since 1970.
  package let atMs: Int
  package let version: ServerVersion
  package let body: ByteBuffer
  /// What the receiver proves the body with; nil for a hook without a key.
  package let signature: String?

  package init(
    to hook: Webhook, eventID: String?, requestID: String, session: String, status: String,
    atMs: Int, version: ServerVersion = .latest, body: ByteBuffer = ByteBuffer()
  ) {
    self.hook = hook
    self.eventID = eventID
    self.requestID = requestID
    self.session = session
    self.status = status
    self.atMs = atMs
    self.version = version
    self.body = body
    self.signature = hook.key?.signature(of: body)
  }
}
