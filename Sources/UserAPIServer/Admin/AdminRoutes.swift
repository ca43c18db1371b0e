internal import NIOHTTP1
internal import UserAPI

/// What the admin port answers with.
struct AdminAnswer: Sendable, Equatable {
  var status: Int
  var contentType = "text/plain; charset=utf-8"
  var body: String
  /// The methods that the path takes, where the request's was none of them.
  var allow: String?
}

/// What the admin port offers: `/livez`, `/readyz` and `/metrics`.
struct AdminRoutes: Sendable {
  let readiness: Readiness
  let registry: PrometheusRegistry

  func answer(method: HTTPMethod, uri: String) async -> AdminAnswer {
    let path = uri.prefix { $0 != "?" }
    guard ["/livez", "/readyz", "/metrics"].contains(path) else {
      return AdminAnswer(status: 404, body: "not found\n")
    }
    guard method == .GET || method == .HEAD else {
      return AdminAnswer(status: 405, body: "method not allowed\n", allow: "GET, HEAD")
    }
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
}
