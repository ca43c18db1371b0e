internal import Foundation
package import SessionService
package import UserAPI

extension WAHAUpstream: SessionUpstream {
  package func state(of session: OwnedSession) async throws(UserAPIError) -> SessionState? {
    try await self.view(of: session).map { view in
      SessionState(
        status: SessionStatus(rawValue: view.status),
        account: view.me?.id.map(SessionAccount.init))
    }
  }

  package func verify(_ session: OwnedSession) async throws(UserAPIError) {
    let name = try session.wahaName
    // The engine itself has to answer, and with next to nothing.
    var answer = try await self.call(
      .verify, .get, ["api", name, "lids", "count"],
      timeout: self.configuration.statusTimeout)
    if answer.status == 404, !answer.isMissingSession {
      // Older servers do not have that call.
      answer = try await self.call(
        .verify, .get, ["api", "sessions", name, "me"],
        timeout: self.configuration.statusTimeout)
    }
    if answer.isMissingSession { throw UserAPIError.missingUpstream }
    // An account that is not known is no answer either.
    if answer.isWrongState || answer.status == 200 && answer.body.isEmpty {
      throw UserAPIError(.sessionNotWorking, "the session does not work")
    }
    try answer.requireSuccess()
  }

  package func create(_ session: OwnedSession) async throws(UserAPIError) {
    let body = NewSession(
      name: try session.wahaName,
      config: NewSession.Config(
        webhooks: self.configuration.webhook.map { [EncodedWebhook($0)] }))
    let encoded: Data
    do { encoded = try JSONEncoder().encode(body) } catch {
      throw UserAPIError(.internalError, "the session cannot be encoded", cause: error)
    }
    let answer = try await self.call(
      .create, .post, ["api", "sessions"], body: Array(encoded),
      timeout: self.configuration.lifecycleTimeout)
    // Somebody was faster, and the session is what it should be.
    if answer.refuses(with: 422, "already exists") { return }
    try answer.requireSuccess()
  }

  package func start(_ session: OwnedSession) async throws(UserAPIError) {
    let answer = try await self.act(.start, on: session)
    if answer.refuses(with: 422, "already started") { return }
    try answer.requireSuccess()
  }

  package func restart(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.act(.restart, on: session).requireSuccess()
  }

  package func logout(_ session: OwnedSession) async throws(UserAPIError) {
    do throws(UserAPIError) {
      try await self.act(.logout, on: session).requireSuccess()
    } catch {
      guard error.reason == .sessionMissingUpstream else { throw error }
    }
  }

  package func delete(_ session: OwnedSession) async throws(UserAPIError) {
    let answer = try await self.call(
      .delete, .delete, ["api", "sessions", try session.wahaName],
      timeout: self.configuration.lifecycleTimeout)
    if answer.isMissingSession { return }
    try answer.requireSuccess()
  }

  package func qrCode(of session: OwnedSession) async throws(UserAPIError) -> [UInt8] {
    let picture = try await self.code(of: session, accept: "image/png").body
    if picture.isEmpty { throw Self.codeIsChanging }
    guard picture.starts(with: Self.pngSignature) else { throw UserAPIError.nonsense }
    return picture
  }

  package func qrText(of session: OwnedSession) async throws(UserAPIError) -> String {
    let answer = try await self.code(
      of: session, accept: "application/json", query: [("format", "raw")])
    if answer.body.isEmpty { throw Self.codeIsChanging }
    guard let text = try answer.decode(RawCode.self).value, !text.isEmpty else {
      throw Self.codeIsChanging
    }
    return text
  }

  package func pairingCode(
    of session: OwnedSession, phoneNumber: PhoneNumber
  ) async throws(UserAPIError) -> PairingCode {
    // Digits alone need no escapes.
    let body = #"{"phoneNumber":"\#(phoneNumber.e164.dropFirst())"}"#
    let answer = try await self.call(
      .pairingCode, .post, ["api", try session.wahaName, "auth", "request-code"],
      body: Array(body.utf8), timeout: self.configuration.lifecycleTimeout)
    if answer.isMissingSession { throw UserAPIError.missingUpstream }
    if answer.isWrongState || answer.refuses(with: 422, "only in SCAN_QR_CODE") {
      throw Self.notAwaitingScan
    }
    let text = try answer.requireSuccess().decode(NewPairingCode.self).code
    guard let code = PairingCode(text) else { throw UserAPIError.nonsense }
    return code
  }

  private func code(
    of session: OwnedSession, accept: String, query: [(name: String, value: String)] = []
  ) async throws(UserAPIError) -> WAHAAnswer {
    let answer = try await self.call(
      .qr, .get, ["api", try session.wahaName, "auth", "qr"], query: query, accept: accept,
      timeout: self.configuration.lifecycleTimeout)
    if answer.isMissingSession { throw UserAPIError.missingUpstream }
    if answer.isWrongState { throw Self.notAwaitingScan }
    return try answer.requireSuccess()
  }

  private static var notAwaitingScan: UserAPIError {
    UserAPIError(
      .sessionNotAwaitingScan, "the session does not wait for a scan; ask its status")
  }

  private static var codeIsChanging: UserAPIError {
    UserAPIError(
      .upstreamBusy, "the QR code is being changed", retryAfter: WAHAAnswer.codeChangePause)
  }

  /// The session as WAHA shows it; nil when WAHA does not have it.
  func view(of session: OwnedSession) async throws(UserAPIError) -> SessionView? {
    let answer = try await self.call(
      .status, .get, ["api", "sessions", try session.wahaName],
      timeout: self.configuration.statusTimeout)
    if answer.isMissingSession { return nil }
    let view = try answer.requireSuccess().decode(SessionView.self)
    guard view.name == session.name, Self.isStatus(view.status) else {
      throw UserAPIError.nonsense
    }
    return view
  }

  /// Whether it is a word such as WAHA's. It is passed on, and events are kept with it.
  private static func isStatus(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }

  private func act(
    _ call: WAHACall, on session: OwnedSession
  ) async throws(UserAPIError) -> WAHAAnswer {
    let answer = try await self.call(
      call, .post, ["api", "sessions", try session.wahaName, call.rawValue],
      body: Array("{}".utf8), timeout: self.configuration.lifecycleTimeout)
    if answer.isMissingSession { throw UserAPIError.missingUpstream }
    return answer
  }

  private static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
}

/// What is worth knowing of WAHA's view of a session.
struct SessionView: Decodable, Sendable {
  struct Me: Decodable, Sendable {
    var id: String?
    var lid: String?
  }

  var name: String
  var status: String
  var me: Me?
}

/// The text of a QR code, missing while the code changes.
private struct RawCode: Decodable {
  var value: String?
}

/// What WAHA says when it has made a code to type.
private struct NewPairingCode: Decodable {
  var code: String
}

/// The body that makes a session. WAHA's own defaults differ between its versions and its
/// documentation, so it says all that matters.
private struct NewSession: Encodable {
  struct Config: Encodable {
    var noweb = NOWEB()
    /// Nil leaves the key out.
    var webhooks: [EncodedWebhook]?
  }

  struct NOWEB: Encodable {
    var store = Store()
  }

  /// Without it this engine refuses to give contacts; the others ignore it.
  struct Store: Encodable {
    var enabled = true
  }

  var name: String
  var start = true
  var config: Config
}
