internal import NIOCore
internal import UserAPI

extension Procedure {
  /// Reads the request's message, does what it asks, and gives the one message of the response. Of
  /// a procedure that is not ``isStreaming``.
  func run(
    _ message: ByteBuffer, on api: some UserAPIProtocol
  ) async throws(UserAPIError) -> any Message {
    switch self {
    case .getWhatsAppSession:
      _ = try NoInput(buffer: message)
      return try await api.getWhatsAppSession()
    case .initiateWhatsAppSession:
      _ = try NoInput(buffer: message)
      return try await api.initiateWhatsAppSession()
    case .getSessionStatus:
      return try await api.getSessionStatus(SessionRequest(buffer: message))
    case .getSessionQR:
      return try await api.getSessionQR(SessionRequest(buffer: message))
    case .restartSession:
      return try await api.restartSession(SessionRequest(buffer: message))
    case .updateSessionPhone:
      return try await api.updateSessionPhone(UpdateSessionPhoneRequest(buffer: message))
    case .logoutSession:
      return try await api.logoutSession(SessionRequest(buffer: message))
    case .getWhatsAppGroups:
      return try await api.getWhatsAppGroups(DirectoryRequest(buffer: message))
    case .getWhatsAppContacts:
      return try await api.getWhatsAppContacts(DirectoryRequest(buffer: message))
    case .watchSession, .linkSession:
      preconditionFailure("a procedure that streams does not answer with one message")
    }
  }

  /// What ``run(_:on:)`` would come to, where that is known at once; else nil.
  func knownAnswer(
    _ message: ByteBuffer, on api: CallerAPI
  ) -> Result<SessionStatusReply, UserAPIError>? {
    guard self == .getSessionStatus else { return nil }
    do throws(UserAPIError) {
      return try api.knownSessionStatus(SessionRequest(buffer: message)).map { .success($0) }
    } catch {
      return .failure(error)
    }
  }

  /// Reads the request's message, does what it asks, and gives the messages of the response as they
  /// stand in its body. Of a procedure that ``isStreaming``.
  func messages(
    _ message: ByteBuffer, on api: some UserAPIProtocol, encoder: ResponseEncoder
  ) async throws(UserAPIError) -> MessageStream<ByteBuffer> {
    switch self {
    case .getWhatsAppSession, .initiateWhatsAppSession, .getSessionStatus, .getSessionQR,
      .restartSession, .updateSessionPhone, .logoutSession, .getWhatsAppGroups,
      .getWhatsAppContacts:
      preconditionFailure("a procedure that answers with one message does not stream")
    case .watchSession:
      encoder.messages(try await api.watchSession(WatchSessionRequest(buffer: message)))
    case .linkSession:
      encoder.messages(try await api.linkSession(LinkSessionRequest(buffer: message)))
    }
  }

  /// Whether the response is a page of a list, which may be long to filter and to write. Every
  /// other call is so light that it may begin on the event loop: one that finds its answer in memory
  /// then never leaves it.
  var listsPages: Bool {
    switch self {
    case .getWhatsAppSession, .initiateWhatsAppSession, .getSessionStatus, .getSessionQR,
      .restartSession, .updateSessionPhone, .logoutSession, .watchSession, .linkSession:
      false
    case .getWhatsAppGroups, .getWhatsAppContacts: true
    }
  }
}

extension ResponseEncoder {
  fileprivate func messages<Element: Message>(
    _ messages: MessageStream<Element>
  ) -> MessageStream<ByteBuffer> {
    MessageStream(ready: messages.ready?.map { self.message($0) }) {
      () async throws(UserAPIError) -> ByteBuffer? in
      var iterator = messages.makeAsyncIterator()
      return try await iterator.next().map { self.message($0) }
    }
  }
}
