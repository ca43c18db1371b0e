package import WAHA

/// How WAHA tells of its sessions without being asked.
package struct WebhookSettings: Sendable {
  static let urlName = "USER_API_WEBHOOK_URL"
  static let secretName = "USER_API_WEBHOOK_SECRET"

  /// Where WAHA reaches the admin port, for sessions that are made from now on; nil where an operator
  /// has told WAHA for all of them.
  package var url: WebhookURL?
  package var secret: WebhookSecret

  /// Nil when there are to be no webhooks.
  init?(_ reader: SettingsReader) throws(SettingsError) {
    self.url = try reader.value(
      Self.urlName, default: nil,
      "must be an absolute http or https URL without credentials and fragment",
      { text -> WebhookURL?? in WebhookURL(text).map { $0 } })
    guard let text = try reader.secret(Self.secretName) else {
      guard self.url == nil else {
        throw SettingsError(name: Self.secretName, problem: "\(Self.urlName) needs it as well")
      }
      return nil
    }
    guard let secret = WebhookSecret(text) else {
      throw SettingsError(
        name: Self.secretName, problem: "must be 16 to 512 bytes without control characters")
    }
    self.secret = secret
  }

  /// What sessions are made with.
  var registration: WebhookRegistration? {
    self.url.map { WebhookRegistration(url: $0, secret: self.secret) }
  }
}
