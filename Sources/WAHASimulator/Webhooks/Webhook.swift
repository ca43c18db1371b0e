/// One entry of `webhooks` in a session's config.
package struct Webhook: Sendable, Equatable {
  struct Header: Sendable, Equatable {
    var name: String
    var value: String
  }

  /// Nil for a URL that nothing can be sent to from here.
  package var target: WebhookTarget?
  package var retries: WebhookRetries
  package var key: WebhookKey?
  var headers: [Header]

  /// Nil when the entry has no URL, or wants no `session.status`, the only event there is.
  package init?(_ config: JSON) {
    guard let url = config["url"]?.text,
      config["events"]?.items?.contains(where: { ["session.status", "*"].contains($0.text) })
        == true
    else { return nil }
    self.target = WebhookTarget(url)
    self.retries = WebhookRetries(config["retries"])
    let key = config["hmac"]?["key"]?.text ?? ""
    self.key = key.isEmpty ? nil : WebhookKey(key)
    self.headers = (config["customHeaders"]?.items ?? []).compactMap { header in
      guard let name = header["name"]?.text, let value = header["value"]?.text else { return nil }
      return Header(name: name, value: value)
    }
  }

  /// The hooks that a session's config names.
  static func all(in config: JSON?) -> [Webhook] {
    config?["webhooks"]?.items?.compactMap(Webhook.init) ?? []
  }
}

extension Webhook: CustomStringConvertible, CustomReflectable {
  /// Custom headers can hold secrets, and URLs too.
  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
