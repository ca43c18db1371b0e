internal import NIOConcurrencyHelpers
package import Tracing
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
    /// The longest list to take, in bytes, all its pages together; at most 4 GiB. Default: 64 MiB.
    package var maxListSize = 64 << 20
    /// How many entries of a list to ask for at a time, where a page costs WAHA less than the whole;
    /// at least 2, and less is 2. Default: 5,000.
    package var pageSize = 5_000
    /// Where WAHA is to tell of the sessions that are made; nil for nowhere.
    package var webhook: WebhookRegistration?

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
  private let breaker = NIOLockedValueBox(CircuitBreaker())
  let knownDialect = NIOLockedValueBox<KnownDialect?>(nil)
  let now: @Sendable () -> ContinuousClock.Instant
  let observe: @Sendable (WAHAEvent) -> Void
  private let tracer: any Tracer

  /// - Parameters:
  ///   - tracer: Sees each call, and adds to its headers where it stands in its trace.
  ///   - observe: Told of what is worth a metric or a line in the log.
  ///   - now: What the time is, for everything but the calls' own limits.
  package init(
    configuration: Configuration, tracer: any Tracer = NoOpTracer(),
    observe: @escaping @Sendable (WAHAEvent) -> Void = { _ in },
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) {
    self.configuration = configuration
    self.tracer = tracer
    self.observe = observe
    self.now = now
  }

  /// Whether WAHA has failed so often that calls are refused without asking it.
  package var isBreakerOpen: Bool { self.breaker.withLockedValue { $0.isOpen(at: self.now()) } }

  /// Whether WAHA answers, as far as is known. One that did not is asked now and then, behind those who
  /// ask for that.
  package func isUp() -> Bool {
    let (isUp, permit) = self.breaker.withLockedValue { breaker in
      if breaker.isClosed { return (true, CircuitBreaker.Permit?.none) }
      guard case .granted(let permit) = breaker.admit(at: self.now()) else { return (false, nil) }
      return (false, permit)
    }
    if let permit { Task { await self.ended(permit, await self.serverAnswer()) } }
    return isUp
  }

  /// The places of names in a ``ContactTable`` have 32 bits.
  var maxListSize: Int { min(self.configuration.maxListSize, Int(UInt32.max)) }

  /// Pages have an entry in common, so one alone would get nowhere.
  var pageSize: Int { max(2, self.configuration.pageSize) }

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
    let span = self.tracer.startAnySpan("WAHA \(name.rawValue)", ofKind: .client)
    defer { span.end() }
    self.tracer.inject(span.context, into: &headers, using: HeaderInjector())
    let request = CurlRequest(
      method: method, url: self.configuration.url.url(path, query), headers: headers, body: body,
      timeout: timeout, maxResponseSize: maxSize)
    let permit: CircuitBreaker.Permit?
    do throws(UserAPIError) { permit = try self.permit(name) } catch {
      self.observe(.refused(name))
      throw error
    }
    let start = ContinuousClock.now
    do throws(CurlError) {
      let answer = WAHAAnswer(
        try await (name.isSlow ? self.slowClient : self.client).perform(request))
      self.observe(.called(name, ContinuousClock.now - start, WAHAOutcome(status: answer.status)))
      if span.isRecording { span.note(method, answer) }
      await self.ended(permit, CircuitBreaker.Outcome(answer, of: name))
      return answer
    } catch {
      self.observe(.called(name, ContinuousClock.now - start, WAHAOutcome(error)))
      let failure = UserAPIError(error, of: name)
      if span.isRecording { span.note(method, failure) }
      await self.ended(permit, CircuitBreaker.Outcome(error, of: name))
      throw failure
    }
  }

  /// - Returns: Nil for a ping: whoever asks whether WAHA is there is told what is.
  /// - Throws: `UPSTREAM_UNAVAILABLE` at once while WAHA is known not to answer.
  private func permit(_ name: WAHACall) throws(UserAPIError) -> CircuitBreaker.Permit? {
    if name == .ping { return nil }
    switch self.breaker.withLockedValue({ $0.admit(at: self.now()) }) {
    case .granted(let permit): return permit
    case .refused(let retryAfter):
      throw UserAPIError(
        .upstreamUnavailable, "WAHA has not answered lately", retryAfter: retryAfter)
    }
  }

  private func ended(
    _ permit: CircuitBreaker.Permit?, _ outcome: CircuitBreaker.Outcome
  ) async {
    guard let permit else { return }
    let isDoubted = self.breaker.withLockedValue { $0.ended(permit, outcome, at: self.now()) }
    // What comes back may be another engine, or another version.
    if outcome == .failed { self.knownDialect.withLockedValue { $0 = nil } }
    guard isDoubted else { return }
    let answer = await self.serverAnswer()
    self.breaker.withLockedValue { $0.serverAsked(answer, at: self.now()) }
  }

  /// Whether WAHA is there, whatever its sessions do.
  private func serverAnswer() async -> CircuitBreaker.Outcome {
    do throws(UserAPIError) {
      try await self.ping(timeout: min(self.configuration.statusTimeout, .seconds(1)))
      return .answered
    } catch {
      return error.code == .canceled ? .unknown : .failed
    }
  }
}

/// What is asked of WAHA; a metric's label.
package enum WAHACall: String, CaseIterable, Sendable {
  case ping, version, status, sessions, verify, create, start, restart, logout, delete, qr, groups
  case contacts, lids
  case pairingCode = "pairing_code"

  fileprivate var isSlow: Bool {
    switch self {
    case .ping, .version, .status, .verify, .create, .start, .restart, .logout, .delete: false
    case .sessions, .qr, .pairingCode, .groups, .contacts, .lids: true
    }
  }

  /// Whether WAHA answers it by itself; what asks a session's engine hangs and fails with that.
  fileprivate var isOfServer: Bool {
    switch self {
    case .ping, .version, .status: true
    case .sessions, .verify, .create, .start, .restart, .logout, .delete, .qr, .pairingCode: false
    case .groups, .contacts, .lids: false
    }
  }

  fileprivate var isList: Bool {
    switch self {
    case .sessions, .groups, .contacts, .lids: true
    case .ping, .version, .status, .verify, .create, .start, .restart, .logout, .delete, .qr,
      .pairingCode:
      false
    }
  }
}

/// What happens between the services and WAHA.
package enum WAHAEvent: Sendable, Equatable {
  /// A call came to an end after this time.
  case called(WAHACall, Duration, WAHAOutcome)
  /// A call was not made, because WAHA has not answered lately.
  case refused(WAHACall)
  /// So many entries of a list were not understood and left out.
  case entriesDropped(WAHAList, Int)
  /// A list that another is made better by was too long, and is done without.
  case listSkipped(WAHAList)
}

/// How a call of WAHA ended; a metric's label.
package enum WAHAOutcome: String, CaseIterable, Sendable {
  /// By the class of the answer's HTTP status.
  case success = "2xx"
  case redirection = "3xx"
  case clientError = "4xx"
  case serverError = "5xx"
  case unreachable
  case timedOut = "timeout"
  /// The answer was no HTTP, or longer than is taken.
  case invalid
  /// Nobody waited for it any more.
  case canceled

  init(status: Int) {
    switch status {
    case ..<300: self = .success
    case ..<400: self = .redirection
    case ..<500: self = .clientError
    default: self = .serverError
    }
  }

  init(_ error: CurlError) {
    switch error {
    case .timedOut: self = .timedOut
    case .unreachable: self = .unreachable
    case .tooLarge, .malformed: self = .invalid
    case .cancelled: self = .canceled
    }
  }
}

extension CircuitBreaker.Outcome {
  fileprivate init(_ answer: WAHAAnswer, of call: WAHACall) {
    if answer.isUnavailable {
      self = call.isOfServer ? .failed : .unknown
    } else {
      self = .answered
    }
  }

  fileprivate init(_ error: CurlError, of call: WAHACall) {
    switch error {
    case .unreachable: self = .failed
    case .timedOut: self = call.isOfServer ? .failed : .unknown
    case .tooLarge, .malformed: self = .answered
    case .cancelled: self = .unknown
    }
  }
}

extension UserAPIError {
  fileprivate init(_ error: CurlError, of call: WAHACall) {
    switch error {
    case .timedOut:
      self.init(.upstreamTimeout, "WAHA did not answer in time", cause: error)
    case .unreachable:
      self.init(.upstreamUnavailable, "WAHA cannot be reached", cause: error)
    case .tooLarge where call.isList:
      self.init(.upstreamListTooLarge, "WAHA's list is longer than is taken", cause: error)
    case .tooLarge, .malformed:
      self.init(.upstreamInvalidResponse, "WAHA's answer makes no sense", cause: error)
    case .cancelled:
      self = .canceled
    }
  }
}
