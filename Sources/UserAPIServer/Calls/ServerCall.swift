internal import AuthService
internal import HTTP2
internal import Logging
internal import NIOCore
internal import UserAPI

/// One call, between its stream and its procedure. Belongs to the connection's event loop; the
/// procedure, which runs anywhere, reaches it through a ``ResponseWriter``.
final class ServerCall: StreamReceiver {
  /// The longest message that is parsed on an event loop, in bytes.
  private static let maxSizeOnEventLoop = 4_096

  /// How long after the deadline a response may still be unread, or a request unfinished, before
  /// the stream is reset.
  private static let unreadGrace: TimeAmount = .seconds(5)

  private let stream: HTTP2Stream
  private let connection: ServerConnection
  private var services: CallServices { self.connection.services }

  private var machine: ServerCallMachine
  private var procedure: Procedure?
  private var encoder = ResponseEncoder(contentType: .json)
  private let start: NIODeadline
  /// Nil for a stream whose caller set no bound.
  private var timeout: Duration?

  /// Nil until the token has been checked.
  private var caller: Caller?
  /// What arrives while the token is looked up. Bounded by the stream's window, which is not
  /// given back meanwhile.
  private var backlog: [ByteBuffer] = []
  private var backlogEnds = false
  private var isAuthenticating = false
  /// Whether the last byte of the request has come.
  private var isRequestWhole = false
  /// How many bytes of the request are kept.
  private var heldBytes = 0

  private var task: Task<Void, Never>?
  private var deadline: Scheduled<Void>?
  private var hasBegunResponse = false

  /// What proved who calls, for a stream, which may go on for longer than that is true.
  private var authorization: String?
  /// The procedure that streams, while it waits for the peer to read.
  private var producer: CheckedContinuation<Bool, Never>?
  /// The messages of a stream that needs no task to wait in.
  private var messages: ReadyMessages<ByteBuffer>?
  /// Whether they wait for the peer to read.
  private var awaitsRoom = false
  /// When the last message of a stream was sent.
  private var lastSent = NIODeadline.uptimeNanoseconds(0)
  private var pulse: Scheduled<Void>?
  private var isDraining = false
  private var isOver = false

  init(stream: HTTP2Stream, connection: ServerConnection) {
    self.stream = stream
    self.connection = connection
    let limits = connection.services.limits
    self.start = .now()
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
    switch CallHead.read(headers.callFields) {
    case .success(let head):
      self.begin(head, authorization: headers["authorization"])
    case .failure(let refusal):
      self.encoder = ResponseEncoder(contentType: refusal.contentType)
      self.finish(refusal.error, header: refusal.header)
    }
    if endStream { self.receivedEnd() }
  }

  private func begin(_ head: CallHead, authorization: String?) {
    self.procedure = head.procedure
    self.encoder = ResponseEncoder(contentType: head.contentType)
    let limits = self.services.limits
    self.timeout = limits.timeout(of: head.procedure, asked: head.timeout)
    if head.procedure.isStreaming { self.authorization = authorization }
    self.machine = ServerCallMachine(
      body: RequestBody(
        contentType: head.contentType, limit: limits.maxMessageSize,
        allowsEmpty: !head.procedure.hasInput),
      discardLimit: limits.maxDiscardedSize)
    if let timeout, timeout <= .zero {
      self.expire()
      return
    }
    self.authenticate(authorization)
  }

  private func authenticate(_ authorization: String?) {
    let authenticator = self.services.authenticator
    let certificate = self.connection.certificate
    if let known = authenticator.knownResult(authorization, certificate: certificate) {
      self.authenticated(known)
      return
    }
    self.isAuthenticating = true
    self.stream.isBusy = true
    let call = ResponseWriter(self, self.stream.eventLoop)
    self.task = Task {
      do throws(UserAPIError) {
        call.authenticated(
          .success(
            try await authenticator.authenticate(authorization, certificate: certificate)))
      } catch {
        call.authenticated(.failure(error))
      }
    }
  }

  func authenticated(_ result: Result<Caller, UserAPIError>) {
    self.isAuthenticating = false
    self.stream.isBusy = false
    self.task = nil
    switch result {
    case .success(let caller): self.caller = caller
    case .failure(let error):
      self.finish(
        error, header: error.code == .unauthenticated ? ("www-authenticate", "Bearer") : nil)
    }
    let backlog = self.backlog
    self.backlog = []
    for bytes in backlog { self.take(bytes) }
    if self.backlogEnds { self.takeEnd() }
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
      self.run(message)
    case .fail(let error): self.finish(error)
    }
  }

  // MARK: The procedure

  private func run(_ message: ByteBuffer) {
    // It may take long, and a slice would keep all that was read with it.
    var message = message
    message.compact()
    let request = message
    guard let procedure, let caller else {
      preconditionFailure("a message came to be run before its headers and its caller")
    }
    self.stream.isBusy = true
    let api = self.services.api(
      for: caller, deadline: self.timeout.map { self.start + TimeAmount($0) })
    let writer = ResponseWriter(self, self.stream.eventLoop)
    let encoder = self.encoder
    guard !procedure.isStreaming else {
      self.stream(procedure, request, on: api, to: writer)
      return
    }
    let body: @Sendable @isolated(any) () async -> Void = {
      do throws(UserAPIError) {
        // It may have waited for its turn, and a long list is work to write as well as to find.
        // By then nobody may want it any more.
        guard !Task.isCancelled else { throw UserAPIError.canceled }
        let message = try await procedure.run(request, on: api)
        guard !Task.isCancelled else { throw UserAPIError.canceled }
        writer.procedureEnded(.success(encoder.message(message)))
      } catch {
        writer.procedureEnded(.failure(error))
      }
    }
    self.task =
      if procedure.listsPages || request.readableBytes > Self.maxSizeOnEventLoop {
        Task(
          executorPreference: self.services.pageThreads.makeExecutor(for: caller.userID),
          operation: body)
      } else {
        Task.immediate(operation: body)
      }
    if self.isOver { self.task = nil }
  }

  /// The procedure is over, and with it the work for this call.
  ///
  /// - Parameter result: The one message of the response, or the error in its place.
  func procedureEnded(_ result: Result<ByteBuffer, UserAPIError>) {
    self.stream.isBusy = false
    self.releaseHeld()
    switch result {
    case .success(let message): self.send(message)
    case .failure(let error): self.finish(error)
    }
  }

  // MARK: The response

  /// Sends the message of the response and ends it.
  private func send(_ message: ByteBuffer) {
    guard !self.isOver else { return }
    guard self.stream.mayBuffer(message.readableBytes) else {
      self.finish(Self.connectionBufferFull)
      return
    }
    self.hasBegunResponse = true
    self.stream.sendHeaders(self.head(for: nil, header: nil), endStream: false)
    self.stream.send(message, endStream: false)
    self.finish(nil)
  }

  /// Ends the response, with the first outcome that there is.
  func finish(_ error: UserAPIError?, header: (name: String, value: String)? = nil) {
    switch self.machine.answer() {
    case .drop: return
    case .send: break
    }
    // A bare response is whole with its one message; nothing can come behind it.
    let isWhole = self.hasBegunResponse && !self.encoder.contentType.isFramed
    let error = isWhole ? nil : error
    if !self.hasBegunResponse {
      self.hasBegunResponse = true
      self.stream.sendHeaders(self.head(for: error, header: header), endStream: false)
    }
    self.stream.send(self.encoder.end(error), endStream: true)
    self.over(error)
  }

  private func head(for error: UserAPIError?, header: (name: String, value: String)?) -> Headers {
    var headers = Headers([
      Headers.Field(name: ":status", value: "\(self.encoder.status(for: error))"),
      Headers.Field(name: "content-type", value: self.encoder.contentType.rawValue),
    ])
    if let header { headers.append(header.name, header.value) }
    return headers
  }

  // MARK: A stream of messages

  private func stream(
    _ procedure: Procedure, _ request: ByteBuffer, on api: CallerAPI, to writer: ResponseWriter
  ) {
    let encoder = self.encoder
    let authenticator = self.services.authenticator
    let certificate = self.connection.certificate
    let authorization = self.authorization
    self.task = Task {
      do throws(UserAPIError) {
        let messages = try await procedure.messages(request, on: api, encoder: encoder)
        if let ready = messages.ready {
          writer.streamBegan(ready)
          return
        }
        for try await message in messages {
          do throws(UserAPIError) {
            _ = try await authenticator.authenticate(authorization, certificate: certificate)
          } catch {
            if error.takesBackToken { throw error }
          }
          try await writer.send(message)
        }
        writer.streamEnded(nil)
      } catch {
        writer.streamEnded(error)
      }
    }
    // There may be nothing to tell for a long time, from the beginning on.
    self.lastSent = .now()
    self.schedulePulse()
    if self.isDraining { self.stop() }
  }

  /// What becomes of a message of a stream.
  private enum Sending {
    /// It was taken, and there is room for the next.
    case sent
    /// It was taken, and the next has to wait for room.
    case full
    /// Nobody wants it any more.
    case over
  }

  private func sendMessage(_ message: ByteBuffer) -> Sending {
    switch self.machine.message() {
    case .drop: return .over
    case .send: break
    }
    guard self.stream.mayBuffer(message.readableBytes) else {
      self.finish(Self.connectionBufferFull)
      return .over
    }
    return self.sendPart(message) ? .sent : .full
  }

  /// Sends one message of a stream.
  ///
  /// - Parameter producer: Resumed when there is room for the next; with false when there never
  ///   will be.
  func send(_ message: ByteBuffer, of producer: CheckedContinuation<Bool, Never>) {
    switch self.sendMessage(message) {
    case .sent: producer.resume(returning: true)
    case .full: self.producer = producer
    case .over: producer.resume(returning: false)
    }
  }

  /// There are messages to send, each when it is there.
  func streamBegan(_ messages: ReadyMessages<ByteBuffer>) {
    self.task = nil
    guard !self.isOver else {
      self.streamEnded(.canceled)
      return
    }
    self.messages = messages
    self.checkToken()
  }

  /// There may be something to send. Whether it may be is looked at before each message that the
  /// stream had to wait for.
  private func checkToken() {
    guard !self.isOver else { return }
    let call = ResponseWriter(self, self.stream.eventLoop)
    self.services.authenticator.authenticate(
      self.authorization, certificate: self.connection.certificate
    ) { call.checked($0) }
  }

  func checked(_ token: Result<Caller, UserAPIError>) {
    guard !self.isOver else { return }
    if case .failure(let error) = token, error.takesBackToken {
      self.streamEnded(error)
    } else {
      self.sendReady()
    }
  }

  /// Sends the messages that are there, as long as there is room.
  private func sendReady() {
    while let messages {
      switch messages.next() {
      case .message(let message):
        switch self.sendMessage(message) {
        case .sent: continue
        case .full: self.awaitsRoom = true
        case .over: break
        }
        return
      case .end(let error):
        self.streamEnded(error)
        return
      case .wait:
        let call = NIOLoopBound(self, eventLoop: self.stream.eventLoop)
        let eventLoop = self.stream.eventLoop
        messages.whenReady { eventLoop.execute { call.value.checkToken() } }
        return
      }
    }
  }

  /// - Returns: whether there is room for the next.
  private func sendPart(_ message: ByteBuffer) -> Bool {
    if !self.hasBegunResponse {
      self.hasBegunResponse = true
      self.stream.sendHeaders(self.head(for: nil, header: nil), endStream: false)
      // The procedure has read the request.
      self.releaseHeld()
    }
    self.lastSent = .now()
    return self.stream.send(message, endStream: false)
  }

  func becameWritable() {
    self.producer.take()?.resume(returning: true)
    if self.awaitsRoom {
      self.awaitsRoom = false
      self.checkToken()
    }
  }

  /// Whether the peer has left a stream so full that the next message waits.
  private var isFull: Bool { self.producer != nil || self.awaitsRoom }

  /// The procedure has nothing more to send.
  func streamEnded(_ error: UserAPIError?) {
    self.stream.isBusy = false
    self.releaseHeld()
    self.finish(
      error, header: error?.code == .unauthenticated ? ("www-authenticate", "Bearer") : nil)
  }

  private func schedulePulse() {
    let limits = self.services.limits
    let due =
      self.lastSent
      + TimeAmount(self.isFull ? limits.readerTimeout : limits.heartbeatInterval)
    let call = NIOLoopBound(self, eventLoop: self.stream.eventLoop)
    self.pulse = self.stream.eventLoop.scheduleTask(deadline: max(due, .now())) {
      call.value.beat()
    }
  }

  /// Shows a peer that waits that the server is there, and gives up one that does not read.
  private func beat() {
    self.pulse = nil
    guard !self.isOver else { return }
    let limits = self.services.limits
    let silence = NIODeadline.now() - self.lastSent
    if !self.isFull {
      if silence >= TimeAmount(limits.heartbeatInterval) {
        self.sendHeartbeat()
        return
      }
    } else if silence >= TimeAmount(limits.readerTimeout) {
      self.deadline?.cancel()
      self.expire(
        UserAPIError(.readerTooSlow, "the messages are not read as fast as they come"))
      return
    }
    self.schedulePulse()
  }

  /// Shows that the server is there, to a peer that may still be told something.
  private func sendHeartbeat() {
    let call = ResponseWriter(self, self.stream.eventLoop)
    self.services.authenticator.authenticate(
      self.authorization, certificate: self.connection.certificate
    ) { call.heartbeatChecked($0) }
  }

  func heartbeatChecked(_ token: Result<Caller, UserAPIError>) {
    guard !self.isOver else { return }
    if case .failure(let error) = token, error.takesBackToken {
      self.streamEnded(error)
      return
    }
    // Whether there is room, the next message sees.
    if !self.isFull { _ = self.sendPart(ResponseEncoder.heartbeat) }
    self.schedulePulse()
  }

  func drainBegan() {
    self.isDraining = true
    // A stream would not end by itself, and its caller can go on with it elsewhere.
    if self.procedure?.isStreaming == true, self.stream.isBusy, !self.isAuthenticating {
      self.stop()
    }
  }

  // MARK: The end

  /// Sets the timer of a call that was not answered and read at once, and gives up what it holds
  /// of the buffers that were read.
  func turnEnded() {
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

  private func expire(
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
    self.log(error)
  }

  private func releaseHeld() {
    self.stream.hold(-self.heldBytes)
    self.heldBytes = 0
  }

  private static var connectionBufferFull: UserAPIError {
    UserAPIError(
      .connectionBufferFull, "too much waits on this connection, unread or not yet whole")
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
    guard self.services.logger.logLevel <= level else { return }
    var metadata: Logger.Metadata = [
      "procedure": "\(self.procedure?.rawValue ?? "none")",
      "code": "\(error?.code.rawValue ?? "ok")",
    ]
    if let caller { metadata["user"] = "\(caller.userID)" }
    if let name = self.connection.certificate?.logName { metadata["certificate"] = "\(name)" }
    if let error { metadata["reason"] = "\(error.reason.rawValue)" }
    if let cause = error?.cause { metadata["cause"] = "\(cause)" }
    self.services.logger.log(level: level, "call ended", metadata: metadata)
  }
}

extension UserAPIError {
  /// Whether a stream ends for it whose token is looked at again. A database that does not answer
  /// takes back nothing that it has said before.
  fileprivate var takesBackToken: Bool {
    switch self.code {
    case .unauthenticated, .permissionDenied, .canceled: true
    default: false
    }
  }
}

extension Headers {
  fileprivate var callFields: CallHead.Fields {
    var fields = CallHead.Fields()
    for field in self.fields { fields.add(field.name, field.value) }
    return fields
  }
}
