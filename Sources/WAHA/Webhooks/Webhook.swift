/// A webhook as it came, with the headers that matter. Nothing of it is believed yet. It may carry a
/// phone number, so it prints as nothing.
package struct Webhook: Sendable {
  /// The longest body that is taken, in bytes. An event of a session's status has about one KiB.
  package static let maximumSize = 256 << 10

  /// `X-Webhook-Hmac`: of the body, in hexadecimal.
  package var hmac: String?
  /// `X-Webhook-Hmac-Algorithm`
  package var algorithm: String?
  /// `X-Webhook-Timestamp`: the event's, in milliseconds since 1970. Not signed.
  package var timestamp: String?
  /// `X-Webhook-Request-Id`: the same for each try to deliver the event. Not signed.
  package var requestID: String?
  package var body: [UInt8]

  package init(
    hmac: String?, algorithm: String? = nil, timestamp: String? = nil, requestID: String? = nil,
    body: [UInt8]
  ) {
    self.hmac = hmac
    self.algorithm = algorithm
    self.timestamp = timestamp
    self.requestID = requestID
    self.body = body
  }
}

extension Webhook: CustomStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
