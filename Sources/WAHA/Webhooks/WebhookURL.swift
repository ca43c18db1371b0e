/// Where WAHA sends the webhooks of the sessions that this service makes.
package struct WebhookURL: Sendable, Equatable {
  /// The path of the webhooks on the admin port.
  package static let path = "/webhooks/waha"

  package let text: String

  /// Takes an ``HTTPURL``; nil for anything else. One without a path, or with `/` alone, gets
  /// ``path``; any other path is a proxy's, and stays as it is.
  package init?(_ text: String) {
    guard let url = HTTPURL(text) else { return nil }
    let path = url.target.prefix { $0 != "?" }
    let query = url.target.dropFirst(path.count)
    let ours = path.isEmpty || path == "/" ? Self.path : String(path)
    self.text = "\(url.scheme)://\(url.authority)\(ours)\(query)"
  }
}
