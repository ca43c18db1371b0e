internal import AuthService
internal import DirectoryService
internal import Foundation
internal import NIOCore
internal import SessionService
internal import UserAPI

/// The User API for one caller: each procedure proves ownership first and then asks a service.
struct CallerAPI: UserAPIProtocol {
  /// How long before its deadline a call that changes a session stops waiting, so that it can still
  /// say what was done.
  private static let lastWord: Duration = .milliseconds(100)

  let caller: Caller
  /// Nil for a call without one.
  let deadline: NIODeadline?
  let services: CallServices
  /// What the audit log says of a call that changes a session, before it is known how it ends.
  let audit: AuditEntry?

  func getWhatsAppSession() async throws(UserAPIError) -> WhatsAppSession? {
    var session = try await self.services.sessions.usableSession(of: self.caller)
    // Who may not read the list of groups is not told of those that have campaigns either.
    if !self.caller.identity.scopes.contains(.directoryRead) { session?.groups = [] }
    return session
  }

  func initiateWhatsAppSession() async throws(UserAPIError) -> InitiatedSession {
    let session = try await self.changing { () async throws(UserAPIError) in
      try await self.services.sessions.initiate(for: self.caller)
    } id: {
      $0.id
    }
    return InitiatedSession(sessionName: session.name, id: session.id)
  }

  func getSessionStatus(
    _ request: SessionRequest
  ) async throws(UserAPIError) -> SessionStatusReply {
    let session = try await self.owned(request.sessionName)
    return SessionStatusReply(try await self.services.sessions.report(of: session))
  }

  /// What ``getSessionStatus(_:)`` would say, when that is known without asking anybody; else nil.
  func knownSessionStatus(
    _ request: SessionRequest
  ) throws(UserAPIError) -> SessionStatusReply? {
    try self.services.sessions.knownReport(named: request.sessionName, of: self.caller)
      .map(SessionStatusReply.init)
  }

  func getSessionQR(_ request: SessionRequest) async throws(UserAPIError) -> SessionQRCode {
    let session = try await self.owned(request.sessionName)
    let picture = try await self.services.sessions.qrCode(of: session)
    return SessionQRCode(qr: Data(picture).base64EncodedString())
  }

  func restartSession(_ request: SessionRequest) async throws(UserAPIError) -> Success {
    let session = try await self.owned(request.sessionName)
    try await self.changing(session.id) { () async throws(UserAPIError) in
      try await self.services.sessions.restart(session, until: self.lastMoment)
    }
    return Success()
  }

  func updateSessionPhone(
    _ request: UpdateSessionPhoneRequest
  ) async throws(UserAPIError) -> Success {
    try await self.changing { () async throws(UserAPIError) in
      try await self.services.sessions.setPhoneNumber(
        request.phoneNumber, sessionID: request.id, of: self.caller)
    } id: { _ in
      request.id
    }
    return Success()
  }

  func logoutSession(_ request: SessionRequest) async throws(UserAPIError) -> Success {
    let session = try await self.owned(request.sessionName)
    try await self.changing(session.id) { () async throws(UserAPIError) in
      try await self.services.sessions.logout(session, until: self.lastMoment)
    }
    return Success()
  }

  func getWhatsAppGroups(_ request: DirectoryRequest) async throws(UserAPIError) -> GroupPage {
    let session = try await self.owned(request.sessionName)
    return try await self.services.directory.groups(of: session, request)
  }

  func getWhatsAppContacts(
    _ request: DirectoryRequest
  ) async throws(UserAPIError) -> ContactPage {
    let session = try await self.owned(request.sessionName)
    return try await self.services.directory.contacts(of: session, request)
  }

  func watchSession(
    _ request: WatchSessionRequest
  ) async throws(UserAPIError) -> MessageStream<SessionEvent> {
    let session = try await self.owned(request.sessionName)
    let watcher = self.services.sessions.watch(session, after: request.after)
    let ready = ReadyMessages<WatchEvent>(
      next: {
        switch watcher.take() {
        case .none: .wait
        case .success(.some(let event)): .message(event)
        case .success(nil): .end(nil)
        case .failure(let error): .end(error)
        }
      }, whenReady: { watcher.whenReady($0) })
    // Who sees a code can link a phone, which is more than to watch.
    let maySeeCodes = self.caller.identity.scopes.contains(Scopes(Procedure.getSessionQR.scope))
    let format = maySeeCodes ? request.qrFormat : nil
    let name = session.name
    let tell: @Sendable (WatchEvent) -> SessionEvent = {
      SessionEvent($0, sessionName: name, qrFormat: format)
    }
    return MessageStream(ready: ready.map(tell)) { () async throws(UserAPIError) -> SessionEvent? in
      try await watcher.next().map(tell)
    }
  }

  func linkSession(
    _ request: LinkSessionRequest
  ) async throws(UserAPIError) -> MessageStream<SessionEvent> {
    let link = try await self.changing { () async throws(UserAPIError) in
      try await self.services.sessions.link(for: self.caller, phoneNumber: request.phoneNumber)
    } id: {
      $0.session.id
    }
    return MessageStream { () async throws(UserAPIError) -> SessionEvent? in
      try await link.next().map { event in
        SessionEvent(event, sessionName: link.session.name, qrFormat: request.qrFormat)
      }
    }
  }

  /// Does what changes a session, and writes down how that ended. Of what the caller was refused the
  /// call itself tells.
  ///
  /// - Parameters:
  ///   - sessionID: Of the session, where it is known beforehand.
  ///   - id: Takes it from the result.
  private func changing<Value: Sendable>(
    _ sessionID: String? = nil, _ change: () async throws(UserAPIError) -> Value,
    id: (Value) -> String? = { _ in nil }
  ) async throws(UserAPIError) -> Value {
    guard var entry = self.audit else {
      preconditionFailure("a procedure changed a session without being written down")
    }
    entry.sessionID = sessionID
    do throws(UserAPIError) {
      let value = try await change()
      entry.sessionID = sessionID ?? id(value)
      self.services.audit.record(entry)
      return value
    } catch {
      // The task of a call is cancelled at its deadline, too.
      let isLate = error.code == .canceled && self.deadline.map { $0 <= .now() } ?? false
      entry.error = isLate ? UserAPIError(.deadlineExceeded, "the call took too long") : error
      if !error.isRefusal { self.services.audit.record(entry) }
      throw error
    }
  }

  private var lastMoment: ContinuousClock.Instant? {
    guard let deadline else { return nil }
    let left = Duration.nanoseconds((deadline - .now()).nanoseconds)
    return ContinuousClock.now + max(left / 2, left - Self.lastWord)
  }

  private func owned(_ name: String) async throws(UserAPIError) -> OwnedSession {
    try await self.services.sessions.session(named: name, of: self.caller)
  }
}

extension SessionStatusReply {
  fileprivate init(_ report: SessionReport) {
    self.init(
      status: report.status, reported: report.reported == report.status ? nil : report.reported,
      verifiedAt: report.verifiedAt, reason: report.reason, stale: report.isStale)
  }
}

extension SessionEvent {
  /// How many codes WhatsApp commonly shows.
  private static let commonAttempts = 6

  /// - Parameter qrFormat: Nil for one who may not see the code.
  fileprivate init(_ event: WatchEvent, sessionName: String, qrFormat: QRFormat?) {
    self.init(
      seq: event.sequence, at: event.at, sessionName: sessionName, status: event.status,
      reported: event.reported, verifiedAt: event.verifiedAt,
      reason: event.isSequenceExpired ? .sequenceExpired : event.reason,
      pairingCode: event.pairingCode?.text)
    guard let shown = event.code else { return }
    switch qrFormat {
    case .png: self.qr = Data(shown.code.picture).base64EncodedString()
    case .text: self.qr = shown.code.text
    case nil: break
    }
    self.expiresAt = shown.expiresAt
    self.attempt = shown.attempt
    self.attempts = shown.attempt.map { max($0, Self.commonAttempts) }
  }
}
