internal import AuthService
internal import HTTP2
internal import NIOCore
internal import UserAPI

/// A response of many messages.
extension ServerCall {
  func stream(
    _ procedure: Procedure, _ request: ByteBuffer, on api: CallerAPI, to writer: ResponseWriter
  ) {
    let encoder = self.encoder
    self.task = Task {
      do throws(UserAPIError) {
        let messages = try await procedure.messages(request, on: api, encoder: encoder)
        if let ready = messages.ready {
          writer.streamBegan(ready)
          return
        }
        for try await message in messages { try await writer.send(message) }
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
    guard !self.isOver else {
      producer.resume(returning: false)
      return
    }
    self.unchecked = producer
    self.ifStillAllowed { call in
      guard let producer = call.unchecked.take() else { return }
      switch call.sendMessage(message) {
      case .sent: producer.resume(returning: true)
      case .full: call.producer = producer
      case .over: producer.resume(returning: false)
      }
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
    self.ifStillAllowed { $0.sendReady() }
  }

  /// Goes on with the call, unless who calls may not have it any more.
  ///
  /// - Parameter isStrict: Whether that has to be known. What has begun also goes on while a database
  ///   does not answer, which takes back nothing that it has said before.
  func ifStillAllowed(
    isStrict: Bool = false, _ goOn: @escaping @Sendable (ServerCall) -> Void
  ) {
    guard !self.isOver, let credentials = self.head?.credentials else { return }
    let call = ResponseWriter(self, self.stream.eventLoop)
    self.services.admission.authenticator.identify(credentials) {
      call.checked($0, isStrict: isStrict, goOn)
    }
  }

  func checked(
    _ result: Result<Identity, UserAPIError>, isStrict: Bool, _ goOn: @Sendable (ServerCall) -> Void
  ) {
    guard !self.isOver else {
      // Nothing has begun of what was to.
      if isStrict { self.stream.isBusy = false }
      return
    }
    do throws(UserAPIError) {
      try self.checkStillAllowed(try result.get())
    } catch {
      if isStrict || error.takesBackStream {
        self.streamEnded(error)
        return
      }
    }
    goOn(self)
  }

  private func checkStillAllowed(_ identity: Identity) throws(UserAPIError) {
    guard identity !== self.identity, let procedure, let first = self.identity else { return }
    guard identity.key == first.key else {
      throw UserAPIError(.tokenRevoked, "what proved who calls is somebody else's now")
    }
    _ = try identity.caller(of: procedure, actAs: self.head?.actAs)
    guard identity.scopes.isSuperset(of: first.scopes) else {
      throw UserAPIError(.scopeMissing, "the caller may do less than when the call began")
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
        messages.whenReady { eventLoop.execute { call.value.ifStillAllowed { $0.sendReady() } } }
        return
      }
    }
  }

  /// - Returns: whether there is room for the next.
  private func sendPart(_ message: ByteBuffer) -> Bool {
    if !self.hasBegunResponse {
      self.hasBegunResponse = true
      self.stream.sendHeaders(self.responseHeaders(), endStream: false)
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
      self.ifStillAllowed { $0.sendReady() }
    }
  }

  /// Whether the peer has left a stream so full that the next message waits.
  private var isFull: Bool { self.producer != nil || self.awaitsRoom }

  /// The procedure has nothing more to send.
  func streamEnded(_ error: UserAPIError?) {
    self.stream.isBusy = false
    self.releaseHeld()
    self.finish(error)
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
        self.ifStillAllowed { $0.sendHeartbeat() }
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

  /// Shows that the server is there. Whether there is room, the next message sees.
  private func sendHeartbeat() {
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
}

extension UserAPIError {
  /// Whether a stream ends for it that is looked at again.
  fileprivate var takesBackStream: Bool {
    switch self.code {
    case .unauthenticated, .permissionDenied, .canceled: true
    default: false
    }
  }
}
