import AuthService
import TestKit
import Testing
import UserAPI

@Suite struct IdentityTests {
  private func identity(
    _ role: Role, _ scopes: Scopes? = nil, id: String = "somebody"
  ) -> Identity {
    Identity(id: id, role: role, scopes: scopes, proof: .token(id: "tok_1"))
  }

  private func refusal(
    _ identity: Identity, _ procedure: Procedure = .getSessionStatus, actAs: String? = nil
  ) -> UserAPIError? {
    do throws(UserAPIError) {
      _ = try identity.caller(of: procedure, actAs: actAs)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [Role.user, .admin], Procedure.allCases)
  func `users may do everything for themselves`(role: Role, procedure: Procedure) throws {
    let identity = self.identity(role)
    let caller = try identity.caller(of: procedure)
    #expect(caller.userID == "somebody")
    #expect(caller.identity === identity)
  }

  @Test(arguments: Procedure.allCases)
  func `a guest may do nothing, whatever the scopes`(procedure: Procedure) {
    let error = self.refusal(
      self.identity(.guest, Scopes(words: Scope.allCases.map(\.rawValue))), procedure)
    #expect(error?.reason == .accountNotApproved)
    #expect(error?.code == .permissionDenied)
    #expect(error?.message == "Your account is not yet approved")
    #expect(
      self.refusal(self.identity(.guest), procedure, actAs: "alice")?.reason == .accountNotApproved)
  }

  @Test(arguments: Procedure.allCases)
  func `a procedure needs its scope and no other`(procedure: Procedure) {
    #expect(self.refusal(self.identity(.user, Scopes(procedure.scope)), procedure) == nil)
    let others = Set(Scope.allCases).subtracting([procedure.scope])
    let error = self.refusal(
      self.identity(.user, Scopes(words: others.map(\.rawValue))), procedure)
    #expect(error?.reason == .scopeMissing)
    #expect(error?.code == .permissionDenied)
    #expect(error?.message == "the scope \(procedure.scope.rawValue) is required")
  }

  @Test(arguments: [Role.user, .admin])
  func `only who may act for users names one`(role: Role) throws {
    let error = self.refusal(self.identity(role), actAs: "alice")
    #expect(error?.reason == .scopeMissing)
    #expect(error?.message == "the scope act-as is required")
    // Naming oneself is naming somebody.
    #expect(self.refusal(self.identity(role), actAs: "somebody")?.reason == .scopeMissing)
    let caller = try self.identity(role, [.actAs, .sessionRead])
      .caller(of: .getSessionStatus, actAs: "alice")
    #expect(caller.userID == "alice")
    #expect(caller.identity.id == "somebody")
    #expect(
      try self.identity(role, [.actAs, .sessionRead]).caller(of: .getSessionStatus).userID
        == "somebody")
  }

  @Test func `a service acts for users, and has no session of its own`() throws {
    let service = self.identity(.service, id: "billing")
    #expect(try service.caller(of: .linkSession, actAs: "alice").userID == "alice")
    let error = self.refusal(service)
    #expect(error?.reason == .invalidActAs)
    #expect(error?.code == .invalidArgument)
    // The user of the same name is another.
    #expect(try service.caller(of: .linkSession, actAs: "billing").userID == "billing")
    #expect(service.key != self.identity(.user, id: "billing").key)
  }

  @Test func `a service that may not act for users can do nothing`() {
    let service = self.identity(.service, [.sessionRead, .sessionWrite, .directoryRead])
    for actAs in [nil, "alice"] {
      #expect(self.refusal(service, actAs: actAs)?.message == "the scope act-as is required")
    }
  }

  @Test(arguments: [
    "", " ", "a b", " alice", "alice ", "a\tb", "a\nb", "a\u{0}b", "a\u{7F}", "a\u{85}b",
    "a\u{A0}b", "a\u{2028}b", "a\u{FFFD}", String(repeating: "x", count: 256),
  ])
  func `a name that no user has is no name`(name: String) {
    let service = self.identity(.service)
    let error = self.refusal(service, actAs: name)
    #expect(error?.reason == .invalidActAs)
    // It may be anything, and is not for logs.
    #expect(name.isEmpty || error?.message.contains(name) == false || name == " ")
    #expect(self.refusal(self.identity(.user), actAs: name)?.reason == .scopeMissing)
  }

  @Test func `users' names are told apart by their bytes`() {
    let (composed, decomposed) = ("Jos\u{E9}", "Jose\u{301}")
    #expect(composed == decomposed)
    #expect(self.identity(.user, id: composed).key != self.identity(.user, id: decomposed).key)
  }

  @Test func `of two proofs only what both allow is allowed`() {
    let token = self.identity(.user, [.sessionRead, .sessionWrite])
    let both = token.limited(to: self.identity(.service, [.actAs, .sessionRead, .directoryRead]))
    #expect(both.scopes == .sessionRead)
    #expect(both.id == token.id)
    #expect(both.role == token.role)
    #expect(both.key == token.key)
  }

  @Test func `what logs say of it has no secret`() {
    #expect(self.identity(.user, id: "alice").logName == "user:alice")
    #expect(self.identity(.service, id: "billing").logName == "service:billing")
    let proofs: [Identity.Proof] = [
      .token(id: "tok_1"), .jwt(keyID: nil), .jwt(keyID: "k1"), .certificate(name: "a.internal"),
    ]
    #expect(
      proofs.map(\.description) == ["token tok_1", "jwt", "jwt k1", "certificate a.internal"])
  }

  @Test func `words that are no scopes allow nothing`() {
    #expect(Scopes(words: ["openid", "session:READ", "session:write", ""]) == .sessionWrite)
    #expect(Scopes(words: Scope.allCases.map(\.rawValue)).words == Scope.allCases.map(\.rawValue))
    #expect(Scopes([]).words.isEmpty)
  }
}
