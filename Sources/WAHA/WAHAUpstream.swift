internal import Foundation
package import UserAPI

/// WAHA over its REST API, as the services need it.
package final class WAHAUpstream: Sendable {
  package struct Configuration: Sendable {
    /// Where WAHA is.
    package var url: UpstreamURL
    /// What `X-Api-Key` says; nil for a WAHA that asks for none.
    package var apiKey: APIKey?
    /// How long asking a session's status may take. Default: 3 s.
    package var statusTimeout: Duration = .seconds(3)
    /// How long starting, stopping and the QR code may take. WAHA itself gives up after 30 s.
    /// Default: 20 s.
    package var lifecycleTimeout: Duration = .seconds(20)
    /// How long reading all groups or contacts may take. Default: 60 s.
    package var listTimeout: Duration = .seconds(60)
    /// The longest list to take, in bytes. Default: 64 MiB.
    package var maxListSize = 64 << 20

    package init(url: UpstreamURL, apiKey: APIKey? = nil) {
      self.url = url
      self.apiKey = apiKey
    }
  }

  /// The longest answer to take but for lists, in bytes.
  private static let maxAnswerSize = 1 << 20

  let configuration: Configuration
  /// For what WAHA answers at once.
  private let client = CurlClient()
  /// For lists and QR codes, which may take minutes on a hanging engine: they wait for each other
  /// and never keep a status waiting.
  private let slowClient = CurlClient()
  private let observe: @Sendable (WAHACall, ContinuousClock.Duration) -> Void

  /// - Parameter observe: Told of every call that came to an end.
  package init(
    configuration: Configuration,
    observe: @escaping @Sendable (WAHACall, ContinuousClock.Duration) -> Void = { _, _ in }
  ) {
    self.configuration = configuration
    self.observe = observe
  }

  /// Whether WAHA answers at all; asks what needs no key.
  package func ping(timeout: Duration) async throws(UserAPIError) {
    try await self.call(.ping, .get, ["ping"], timeout: timeout).requireSuccess()
  }

  /// One call, of whatever HTTP status.
  ///
  /// - Throws: What kept WAHA from answering.
  func call(
    _ name: WAHACall, _ method: CurlRequest.Method, _ path: [String],
    query: [(name: String, value: String)] = [], body: [UInt8]? = nil,
    accept: String = "application/json", timeout: Duration, maxSize: Int = maxAnswerSize
  ) async throws(UserAPIError) -> WAHAAnswer {
    var headers = ["Accept: \(accept)", "Expect:", "User-Agent: user-api"]
    if let key = self.configuration.apiKey { headers.append("X-Api-Key: \(key.rawValue)") }
    if body != nil { headers.append("Content-Type: application/json") }
    let request = CurlRequest(
      method: method, url: self.configuration.url.url(path, query), headers: headers, body: body,
      timeout: timeout, maxResponseSize: maxSize)
    let start = ContinuousClock.now
    defer { self.observe(name, ContinuousClock.now - start) }
    do throws(CurlError) {
      return WAHAAnswer(
        try await (name.isSlow ? self.slowClient : self.client).perform(request))
    } catch {
      throw UserAPIError(error)
    }
  }
}

/// What is asked of WAHA; a metric's label.
package enum WAHACall: String, CaseIterable, Sendable {
  case ping, status, create, start, restart, logout, delete, qr, groups, contacts

  fileprivate var isSlow: Bool {
    switch self {
    case .ping, .status, .create, .start, .restart, .logout, .delete: false
    case .qr, .groups, .contacts: true
    }
  }
}

extension UserAPIError {
  fileprivate init(_ error: CurlError) {
    switch error {
    case .timedOut:
      self.init(.upstreamTimeout, "WAHA did not answer in time", cause: error)
    case .unreachable:
      self.init(.upstreamUnavailable, "WAHA cannot be reached", cause: error)
    case .tooLarge, .malformed:
      self.init(.upstreamInvalidResponse, "WAHA's answer makes no sense", cause: error)
    case .cancelled:
      self = .canceled
    }
  }
}
