internal import NIOCore
internal import NIOHTTP1
internal import WAHA

/// What the admin port offers: `/livez`, `/readyz`, `/metrics`, and `/webhooks/waha`.
struct AdminRoutes: Sendable {
  let readiness: Readiness
  let registry: PrometheusRegistry
  /// Nil where no webhooks are taken: the path is then none of ours.
  var webhooks: WebhookRoute?

  /// How long a body the request may have; nil where none matters, and the answer needs not wait for
  /// it.
  func bodyLimit(method: HTTPMethod, uri: String) -> Int? {
    guard self.webhooks != nil, method == .POST, Self.path(uri) == WebhookURL.path else {
      return nil
    }
    return Webhook.maximumSize
  }

  func answer(_ request: AdminRequest) async -> AdminAnswer {
    switch request.body {
    case .whole(let body):
      return await self.answer(
        method: request.head.method, uri: request.head.uri, headers: request.head.headers,
        body: body)
    case .tooLong:
      return self.webhooks?.tooLarge() ?? Self.notFound
    }
  }

  func answer(
    method: HTTPMethod, uri: String, headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer()
  ) async -> AdminAnswer {
    let path = Self.path(uri)
    if path == WebhookURL.path, let webhooks = self.webhooks {
      guard method == .POST else { return Self.notAllowed("POST") }
      return webhooks.answer(headers: headers, body: body)
    }
    guard ["/livez", "/readyz", "/metrics"].contains(path) else { return Self.notFound }
    guard method == .GET || method == .HEAD else { return Self.notAllowed("GET, HEAD") }
    switch path {
    case "/livez": return AdminAnswer(status: 200, body: "ok\n")
    case "/metrics":
      return AdminAnswer(
        status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8",
        body: self.registry.text())
    default:
      let report = await self.readiness.report()
      return AdminAnswer(
        status: report.isReady ? 200 : 503, contentType: "application/json", body: report.json)
    }
  }

  private static func path(_ uri: String) -> Substring { uri.prefix { $0 != "?" } }

  private static let notFound = AdminAnswer(status: 404, body: "not found\n")

  private static func notAllowed(_ allow: String) -> AdminAnswer {
    AdminAnswer(status: 405, body: "method not allowed\n", allow: allow)
  }
}
