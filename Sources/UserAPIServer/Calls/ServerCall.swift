internal import AuthService
internal import HTTP2
internal import Logging
internal import NIOCore
internal import Tracing
internal import UserAPI

/// One call, between its stream and its procedure. Belongs to the connection's event loop; the
/// procedure, which runs anywhere, reaches it through a ``ResponseWriter``.
final class ServerCall: StreamReceiver {
  /// The longest message that is parsed on an event loop, in bytes.
  private static let maxSizeOnEventLoop = 4_096

  /// For how long it is taken as known who calls, before the procedure begins.
  private static let identityAge: TimeAmount = .milliseconds(500)

  /// How long after the deadline a response may still be unread, or a request unfinished, before
  /// the stream is reset.
  private static let unreadGrace: TimeAmount = .seconds(5)

  let stream: HTTP2Stream
  let connection: ServerConnection
  var services: CallServices { self.connection.services }

  var machine: ServerCallMachine
  var procedure: Procedure?
  var encoder = ResponseEncoder(contentType: .json)
  private let start: NIODeadline
  /// Nil for a stream whose caller set no bound.
  private var timeout: Duration?

  /// What the headers say; nil until they have come, and for such as say nothing that can be
  /// answered.
  private(set) var head: RequestHead?
  /// Who calls; nil until that is found out.
  private(set) var identity: Identity?
  /// When that was.
  private var identifiedAt = NIODeadline.uptimeNanoseconds(0)
  /// Whether that was in this turn of the event loop.
  private var isJustIdentified = false
  /// Nil until the call is let in.
  private var caller: Caller?
  private(set) lazy var requestID = self.connection.makeRequestID()
  var span: (any Span)?
  /// What arrives while the token is looked up. Bounded by the stream's window, which is not
  /// given back meanwhile.
  private var backlog: [ByteBuffer] = []
  private var backlogEnds = false
  var isAuthenticating = false
  /// Whether the last byte of the request has come.
  private var isRequestWhole = false
  /// How many bytes of the request are kept.
  private var heldBytes = 0

  var task: Task<Void, Never>?
  var deadline: Scheduled<Void>?
  var hasBegunResponse = false

  /// The procedure that streams, while it is looked at whether that is still true.
  var unchecked: CheckedContinuation<Bool, Never>?
  /// The same, while it waits for the peer to read.
  var producer: CheckedContinuation<Bool, Never>?
  /// The messages of a stream that needs no task to wait in.
  var messages: ReadyMessages<ByteBuffer>?
  /// Whether they wait for the peer to read.
  var awaitsRoom = false
  /// When the last message of a stream was sent.
  var lastSent = NIODeadline.uptimeNanoseconds(0)
  var pulse: Scheduled<Void>?
  var isDraining = false
  var isOver = false

  init(stream: HTTP2Stream, connection: ServerConnection) {
    self.stream = stream
    self.connection = connection
    let limits = connection.services.limits
    self.start = .now()
    connection.services.streamMetrics.opened()
    self.timeout = limits.defaultTimeout
    self.machine = ServerCallMachine(
      body: RequestBody(contentType: .json, limit: 0, allowsEmpty: false),
      discardLimit: limits.maxDiscardedSize)
  }

  // MARK: The request

  func receivedHeaders(_ headers: Headers, endStream: Bool) {
    guard self.procedure == nil, !self.isOver else {
      // Trailers, which this protocol ignores but for the end that they are.
      if endStream { self.receivedEnd() }
      return
    }
    self.connection.atEndOfTurn(self)
    guard !headers.isTruncated else {
      self.finish(
        UserAPIError(
          .headersTooLarge, "the request has more headers, or longer ones, than are allowed"))
      if endStream { self.receivedEnd() }
      return
    }
    let head = self.connection.head(headers)
    switch head.call {
    case .success(let call):
      self.begin(call, head)
    case .failure(let refusal):
      self.encoder = ResponseEncoder(contentType: refusal.contentType)
      self.finish(refusal.error, header: refusal.header)
    }
    if endStream { self.receivedEnd() }
  }

  private func begin(_ call: CallHead, _ head: RequestHead) {
    self.head = head
    self.procedure = call.procedure
    self.services.metrics.begin(call.procedure)
    self.encoder = ResponseEncoder(contentType: call.contentType)
    let limits = self.services.limits
    self.timeout = limits.timeout(of: call.procedure, asked: call.timeout)
    self.machine = ServerCallMachine(
      body: RequestBody(
        contentType: call.contentType, limit: limits.maxMessageSize,
        allowsEmpty: !call.procedure.hasInput),
      discardLimit: limits.maxDiscardedSize)
    if let timeout, timeout <= .zero {
      self.expire()
      return
    }
    if head.isTraced || self.services.tracesAll { self.beginSpan() }
    self.identify(head.credentials)
  }

  private func identify(_ credentials: Credentials) {
    let (admission, address) = (self.services.admission, self.connection.address)
    if let known = admission.knownIdentity(credentials, from: address) {
      self.isJustIdentified = true
      self.identified(known)
      return
    }
    self.isAuthenticating = true
    self.stream.isBusy = true
    let call = ResponseWriter(self, self.stream.eventLoop)
    self.beginSpan()
    self.inContext {
      admission.identify(credentials, from: address) { call.identified($0) }
    }
  }

  func identified(_ result: Result<Identity, UserAPIError>) {
    if self.isAuthenticating {
      self.isAuthenticating = false
      self.stream.isBusy = false
    }
    do throws(UserAPIError) { try self.admit(try result.get()) } catch { self.finish(error) }
    let backlog = self.backlog
    self.backlog = []
    for bytes in backlog { self.take(bytes) }
    if self.backlogEnds { self.takeEnd() }
  }

  private func admit(_ identity: Identity) throws(UserAPIError) {
    guard let procedure else { preconditionFailure("a caller came before the headers") }
    self.identity = identity
    self.identifiedAt = self.isJustIdentified ? self.start : .now()
    self.caller = try self.services.admission.admit(
      identity, to: procedure, actAs: self.head?.actAs)
  }

  func receivedData(_ data: ByteBuffer) {
    if !self.isOver {
      guard self.stream.mayBuffer(data.readableBytes) else {
        self.finish(Self.connectionBufferFull)
        self.take(data)
        return
      }
      self.heldBytes += data.readableBytes
      self.stream.hold(data.readableBytes)
      self.connection.atEndOfTurn(self)
    }
    if self.isAuthenticating {
      self.backlog.append(data)
    } else {
      self.take(data)
    }
  }

  private func take(_ data: ByteBuffer) {
    self.stream.consume(data.readableBytes)
    switch self.machine.receivedData(data) {
    case .none: break
    case .fail(let error): self.finish(error)
    case .reset: self.stream.reset(.noError)
    }
  }

  func receivedEnd() {
    self.isRequestWhole = true
    if self.isAuthenticating {
      self.backlogEnds = true
    } else {
      self.takeEnd()
    }
  }

  private func takeEnd() {
    switch self.machine.receivedEnd() {
    case .none: break
    case .run(let message):
      // A body may come long after the headers with which it was found out who calls.
      if self.isJustIdentified || NIODeadline.now() - self.identifiedAt < Self.identityAge {
        self.run(message)
      } else {
        self.stream.isBusy = true
        self.ifStillAllowed(isStrict: true) { $0.run(message) }
      }
    case .fail(let error): self.finish(error)
    }
  }

  // MARK: The procedure

  private func run(_ message: ByteBuffer) {
    guard let procedure, let caller else {
      preconditionFailure("a message came to be run before its headers and its caller")
    }
    let api = CallerAPI(
      caller: caller, deadline: self.timeout.map { self.start + TimeAmount($0) },
      services: self.services, audit: procedure.changesSession ? self.auditEntry() : nil)
    let isShort = message.readableBytes <= Self.maxSizeOnEventLoop
    if isShort, let result = procedure.knownAnswer(message, on: api) {
      self.procedureEnded(result.map { self.connection.body(of: $0, self.encoder) })
      return
    }
    // It may take long, and a slice would keep all that was read with it.
    var message = message
    message.compact()
    let request = message
    self.stream.isBusy = true
    self.beginSpan()
    let writer = ResponseWriter(self, self.stream.eventLoop)
    let encoder = self.encoder
    guard !procedure.isStreaming else {
      self.inContext { self.stream(procedure, request, on: api, to: writer) }
      return
    }
    let body: @Sendable @isolated(any) () async -> Void = {
      do throws(UserAPIError) {
        // It may have waited for its turn, and a long list is work to write as well as to find.
        // By then nobody may want it any more.
        guard !Task.isCancelled else { throw UserAPIError.canceled }
        let message = try await procedure.run(request, on: api)
        guard !Task.isCancelled else { throw UserAPIError.canceled }
        writer.procedureEnded(.success(encoder.body(message)))
      } catch {
        writer.procedureEnded(.failure(error))
      }
    }
    self.task = self.inContext {
      if procedure.listsPages || !isShort {
        Task(
          executorPreference: self.services.pageThreads.makeExecutor(for: caller.userID),
          operation: body)
      } else {
        Task.immediate(operation: body)
      }
    }
    if self.isOver { self.task = nil }
  }

  /// The procedure is over, and with it the work for this call.
  ///
  /// - Parameter result: The body of the response, or the error in its place.
  func procedureEnded(_ result: Result<ByteBuffer, UserAPIError>) {
    self.stream.isBusy = false
    self.releaseHeld()
    switch result {
    case .success(let body): self.send(body)
    case .failure(let error): self.finish(error)
    }
  }

  // MARK: The response

  /// Sends the response, whole.
  private func send(_ body: ByteBuffer) {
    guard !self.isOver else { return }
    guard self.stream.mayBuffer(body.readableBytes) else {
      self.finish(Self.connectionBufferFull)
      return
    }
    switch self.machine.answer() {
    case .drop: return
    case .send: break
    }
    self.hasBegunResponse = true
    self.stream.sendHeaders(self.responseHeaders(), endStream: false)
    self.stream.send(body, endStream: true)
    self.over(nil)
  }

  /// Ends the response, with the first outcome that there is.
  func finish(_ error: UserAPIError?, header: (name: String, value: String)? = nil) {
    var error = error
    error?.requestID = self.requestID
    // It is written down also when nobody waits for the answer any more.
    if let error, error.isRefusal {
      var entry = self.auditEntry()
      entry.error = error
      self.services.audit.record(entry)
    }
    switch self.machine.answer() {
    case .drop: return
    case .send: break
    }
    if !self.hasBegunResponse {
      self.hasBegunResponse = true
      self.stream.sendHeaders(
        self.responseHeaders(for: error, header: header), endStream: false)
    }
    self.stream.send(self.encoder.end(error), endStream: true)
    self.over(error)
  }

  func responseHeaders(
    for error: UserAPIError? = nil, header: (name: String, value: String)? = nil
  ) -> Headers {
    var headers = Headers([
      Headers.Field(
        name: ":status", value: error == nil ? "200" : "\(self.encoder.status(for: error))"),
      Headers.Field(name: "content-type", value: self.encoder.contentType.rawValue),
    ])
    if let header { headers.append(header.name, header.value) }
    if error?.code == .unauthenticated { headers.append("www-authenticate", "Bearer") }
    headers.append("x-request-id", self.requestID)
    return headers
  }

  // MARK: The end

  /// Sets the timer of a call that was not answered and read at once, and gives up what it holds
  /// of the buffers that were read.
  func turnEnded() {
    self.isJustIdentified = false
    guard self.stream.isOpen else { return }
    if !self.isRequestWhole {
      self.machine.compact()
      if !self.backlog.isEmpty {
        var whole = ByteBuffer()
        for bytes in self.backlog { whole.writeImmutableBuffer(bytes) }
        self.backlog = [whole]
      }
    }
    guard self.deadline == nil else { return }
    let deadline = self.timeout.map { self.start + TimeAmount($0) } ?? .distantFuture
    let bodyDeadline = self.services.limits.bodyTimeout.map { self.start + TimeAmount($0) }
    guard !self.isRequestWhole, let bodyDeadline, bodyDeadline < deadline else {
      self.schedule(at: deadline) { $0.expire() }
      return
    }
    self.schedule(at: bodyDeadline) { call in
      if call.isRequestWhole {
        call.schedule(at: deadline) { $0.expire() }
      } else {
        call.expire(UserAPIError(.bodyTimeout, "the request was not whole in time"))
      }
    }
  }

  private func schedule(at time: NIODeadline, _ body: @escaping @Sendable (ServerCall) -> Void) {
    guard time < .distantFuture else { return }
    let call = NIOLoopBound(self, eventLoop: self.stream.eventLoop)
    self.deadline = self.stream.eventLoop.scheduleTask(deadline: time) { body(call.value) }
  }

  func expire(
    _ error: UserAPIError = UserAPIError(
      .deadlineExceeded, "the call took longer than its deadline")
  ) {
    self.finish(error)
    // What is queued for a peer that does not read is not kept for it.
    if self.stream.isOpen {
      self.schedule(at: .now() + Self.unreadGrace) { $0.stream.reset(.cancel) }
    }
  }

  /// The server is stopping and has waited long enough.
  func stop() {
    self.finish(UserAPIError(.serverStopping, "the server is stopping"))
  }

  func streamClosed(_ reason: StreamCloseReason) {
    self.services.streamMetrics.closed(reason)
    self.deadline?.cancel()
    self.deadline = nil
    switch self.machine.closed() {
    case .cancel: self.over(.canceled)
    case .none: break
    }
  }

  private func over(_ error: UserAPIError?) {
    guard !self.isOver else { return }
    self.isOver = true
    self.pulse?.cancel()
    self.pulse = nil
    self.unchecked.take()?.resume(returning: false)
    self.producer.take()?.resume(returning: false)
    // No task is left of a stream that has begun.
    if self.messages.take() != nil { self.stream.isBusy = false }
    // A procedure that still runs has the message until it ends.
    if !self.stream.isBusy { self.releaseHeld() }
    // Nobody will read what waited for the token; its share of the windows goes back.
    self.stream.consume(self.backlog.reduce(0) { $0 + $1.readableBytes })
    self.backlog = []
    // Whatever the procedure still does is for nobody.
    if error != nil { self.task?.cancel() }
    self.task = nil
    if let limit = error.flatMap({ CallLimit($0.reason) }) {
      self.services.limitMetrics.record(limit)
    }
    self.services.metrics.record(
      self.procedure, error?.code, nanoseconds: (NIODeadline.now() - self.start).nanoseconds)
    self.inContext { self.log(error) }
    self.endSpan(error)
  }

  func releaseHeld() {
    self.stream.hold(-self.heldBytes)
    self.heldBytes = 0
  }

  static var connectionBufferFull: UserAPIError {
    UserAPIError(
      .connectionBufferFull, "too much waits on this connection, unread or not yet whole")
  }

  /// What the audit log says of the call, whatever becomes of it.
  private func auditEntry() -> AuditEntry {
    let isProof = if case .certificate? = self.identity?.proof { true } else { false }
    return AuditEntry(
      identity: self.identity, userID: self.identity?.user(named: self.head?.actAs),
      certificate: isProof ? nil : self.connection.certificate?.logName,
      address: self.connection.addressText, peer: self.connection.address,
      procedure: self.procedure, requestID: self.requestID, context: self.span?.context)
  }

  private func log(_ error: UserAPIError?) {
    let level: Logger.Level =
      switch error?.code {
      case .some(.internal), .some(.unknown), .some(.dataLoss): .error
      // It ends a stream, which no call has failed for.
      case .some(.unavailable) where self.isDraining && self.procedure?.isStreaming == true: .debug
      case .some(.unavailable): .warning
      default: .debug
      }
    guard self.services.logLevel <= level else { return }
    var metadata: Logger.Metadata = [
      "procedure": "\(self.procedure?.rawValue ?? "none")",
      "code": "\(error?.code.rawValue ?? "ok")",
    ]
    if let caller { metadata["user"] = "\(caller.userID)" }
    if let name = self.connection.certificate?.logName { metadata["certificate"] = "\(name)" }
    if let error {
      metadata["reason"] = "\(error.reason.rawValue)"
      metadata["request"] = "\(self.requestID)"
      if let cause = error.cause { metadata["cause"] = "\(cause)" }
    }
    self.services.logger.log(level: level, "call ended", metadata: metadata)
  }
}
