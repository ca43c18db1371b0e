import AuthService
import Foundation
import SessionService
import TestKit
import Testing
import UserAPI
import UserAPIClient

@testable import UserAPIServer

/// Every procedure against every kind of principal: what is answered, what is written down, and what
/// is asked of WAHA. `user-1` owns the session; nobody else gets near it.
@Suite(.timeLimit(.minutes(10))) struct IdentityTableTests {
  @Test func `nobody crosses into another's session`() async throws {
    try await IdentityFixture.with { fixture in
      for principal in try await fixture.principals() {
        // Who is refused whatever it is changes nothing for the next call.
        let rounds =
          if case .refused = principal.outcome { [Procedure.allCases] } else {
            Procedure.allCases.map { [$0] }
          }
        for procedures in rounds { try await self.check(principal, procedures, fixture) }
      }
    }
  }

  private func check(
    _ principal: Principal, _ procedures: [Procedure], _ fixture: IdentityFixture
  ) async throws {
    try await CallPort.with(
      admissionLimits: .none, tls: principal.certificate == nil ? nil : fixture.tls,
      services: fixture.services(principal.requirement), jwt: fixture.jwt,
      tokenStore: fixture.store, time: fixture.time
    ) { port in
      port.upstream.setStatus(.working, named: "s_test")
      let client = try fixture.client(principal, port)
      for procedure in procedures {
        port.upstream.script.clear()
        port.audit.clear()
        let error = await self.call(procedure, client)
        // Of refusals that are alike the eleventh has no line of its own.
        port.auditLog.flush()
        try self.check(principal, procedure, port, error)
      }
      await client.close()
    }
  }

  private func check(
    _ principal: Principal, _ procedure: Procedure, _ port: CallPort, _ error: UserAPIError?
  ) throws {
    let comment = Comment(rawValue: "\(principal.name): \(procedure.rawValue)")
    let steps = port.upstream.script.steps
    switch principal.outcome(of: procedure) {
    case .refused(let reason, let who):
      #expect(error?.reason == reason, comment)
      #expect(steps.isEmpty, comment)
      self.expectRefusal(port.audit.lines, procedure, reason, who, comment)
    case .calls("user-1", let who, _):
      // The one thing that is not to be had of a session that works.
      let expected: ErrorReason? = procedure == .getSessionQR ? .sessionNotAwaitingScan : nil
      #expect(error?.reason == expected, comment)
      #expect(steps.isEmpty == (procedure == .updateSessionPhone), comment)
      self.expectChange(port.audit.lines, procedure, "user-1", who, session: "id-user-1", comment)
    case .calls(let user, let who, _):
      switch procedure {
      case .getWhatsAppSession:
        #expect(error == nil, comment)
        #expect(steps.isEmpty, comment)
        #expect(port.audit.lines.isEmpty, comment)
      case .initiateWhatsAppSession, .linkSession:
        #expect(error == nil, comment)
        #expect(port.upstream.names.count == 2, comment)
        let id = try #require(port.store.record(ofUser: user)?.id, comment)
        self.expectChange(port.audit.lines, procedure, user, who, session: id, comment)
      default:
        #expect(error?.reason == .sessionNotFound, comment)
        #expect(steps.isEmpty, comment)
        self.expectRefusal(port.audit.lines, procedure, .sessionNotFound, who, comment)
      }
      self.expectUntouched(port, comment)
    }
    if case .refused = principal.outcome(of: procedure) { self.expectUntouched(port, comment) }
    for line in port.audit.lines {
      for (_, value) in line.metadata {
        #expect(!value.contains("uapi_") && !value.contains("eyJ"), comment)
        #expect(!value.contains("5550000000"), comment)
      }
    }
  }

  private func expectUntouched(_ port: CallPort, _ comment: Comment) {
    #expect(port.store.record(ofUser: "user-1") == .sample(), comment)
    #expect(port.upstream.status(named: "s_test") == .working, comment)
    #expect(port.upstream.isLinked("s_test"), comment)
  }

  private func expectRefusal(
    _ lines: [LogRecorder.Line], _ procedure: Procedure, _ reason: ErrorReason, _ who: String,
    _ comment: Comment
  ) {
    #expect(lines.map(\.message) == ["refused"], comment)
    #expect(lines.first?["procedure"] == procedure.rawValue, comment)
    #expect(lines.first?["outcome"] == reason.rawValue, comment)
    #expect(lines.first?["who"] == who, comment)
    #expect(lines.first?["session"] == nil, comment)
    #expect(lines.first?["request"] != nil, comment)
  }

  /// A line for a procedure that changes the session, and none for another.
  private func expectChange(
    _ lines: [LogRecorder.Line], _ procedure: Procedure, _ user: String, _ who: String,
    session: String, _ comment: Comment
  ) {
    guard procedure.changesSession else {
      #expect(lines.isEmpty, comment)
      return
    }
    #expect(lines.map(\.message) == ["change"], comment)
    #expect(lines.first?["procedure"] == procedure.rawValue, comment)
    #expect(lines.first?["outcome"] == "ok", comment)
    #expect(lines.first?["who"] == who, comment)
    #expect(lines.first?["for"] == "user:\(user)", comment)
    #expect(lines.first?["session"] == session, comment)
    #expect(lines.first?["request"] != nil, comment)
  }

  /// Makes a call about the session of `user-1`, and of a stream reads the first message.
  private func call(
    _ procedure: Procedure, _ client: UserAPIClient
  ) async -> UserAPIError? {
    do throws(UserAPIError) {
      switch procedure {
      case .watchSession:
        let events = try await client.watchSession(WatchSessionRequest(sessionName: "s_test"))
        for try await _ in events { break }
      case .linkSession:
        for try await _ in try await client.linkSession(LinkSessionRequest()) { break }
      case .updateSessionPhone:
        _ = try await client.call(
          procedure.rawValue, json: #"{"id":"id-user-1","phoneNumber":"+15550000000"}"#)
      case .getWhatsAppSession, .initiateWhatsAppSession, .getSessionStatus, .getSessionQR,
        .restartSession, .logoutSession, .getWhatsAppGroups, .getWhatsAppContacts:
        _ = try await client.call(procedure.rawValue, json: #"{"sessionName":"s_test"}"#)
      }
    } catch {
      return error
    }
    return nil
  }
}
