import AuthService
import HTTP2
import TestKit
import Testing
import UserAPI

@testable import UserAPIServer

@Suite(.timeLimit(.minutes(10))) struct AdmissionTests {
  private let store = InMemoryTokenStore()
  private let time = ManualTime()
  private let here = PeerAddress(v4: 0x7f00_0001)
  private let there = PeerAddress(v4: 0x7f00_0002)

  private func admission(
    reads: RateLimit? = nil, writes: RateLimit? = nil, lists: RateLimit? = nil,
    failures: RateLimit? = nil
  ) -> Admission {
    var limits = AdmissionLimits.defaults
    (limits.reads, limits.writes, limits.lists, limits.failures) = (reads, writes, lists, failures)
    return Admission(
      authenticator: Authenticator(store: self.store, time: self.time.source), limits: limits,
      time: self.time.source)
  }

  private func token(
    _ id: String = "alice", lifetime: Duration? = nil
  ) async throws -> Credentials {
    let tokens = TokenAdministration(store: self.store, time: self.time.source)
    let issued = try await tokens.issue(userID: id, role: .user, lifetime: lifetime)
    return Credentials(authorization: "Bearer " + issued.secret.rawValue)
  }

  private var madeUp: Credentials {
    Credentials(authorization: "Bearer " + TokenSecret.generate().rawValue)
  }

  /// Who calls, by the road that a call takes.
  private func identify(
    _ credentials: Credentials, _ admission: Admission, from address: PeerAddress?
  ) async -> Result<Identity, UserAPIError> {
    if let known = admission.knownIdentity(credentials, from: address) { return known }
    return await withCheckedContinuation { continuation in
      admission.identify(credentials, from: address) { continuation.resume(returning: $0) }
    }
  }

  private func reason(
    _ credentials: Credentials, _ admission: Admission, from address: PeerAddress?
  ) async -> ErrorReason? {
    if case .failure(let error) = await self.identify(credentials, admission, from: address) {
      return error.reason
    }
    return nil
  }

  private func wait(
    _ admission: Admission, _ identity: Identity, _ procedure: Procedure, actAs: String? = nil
  ) throws -> Duration? {
    do throws(UserAPIError) {
      _ = try admission.admit(identity, to: procedure, actAs: actAs)
      return nil
    } catch {
      guard error.reason == .rateLimited else { throw error }
      #expect(error.code == .resourceExhausted)
      return error.retryAfter
    }
  }

  @Test func `who calls too often is told when to come back`() throws {
    let admission = self.admission(reads: RateLimit(burst: 2, perSecond: 10))
    let alice = Identity(id: "alice", role: .user, proof: .token(id: "t"))
    for _ in 0..<2 { #expect(try self.wait(admission, alice, .getSessionStatus) == nil) }
    #expect(try self.wait(admission, alice, .getSessionStatus) == .milliseconds(100))
    self.time.advance(by: .milliseconds(100))
    #expect(try self.wait(admission, alice, .getSessionStatus) == nil)
  }

  @Test func `each kind of call is counted by itself, and each caller`() throws {
    let one = RateLimit(burst: 1, perSecond: 1)
    let admission = self.admission(reads: one, writes: one, lists: one)
    let alice = Identity(id: "alice", role: .user, proof: .token(id: "t1"))
    // Whatever token it is.
    let again = Identity(id: "alice", role: .user, proof: .jwt(keyID: nil))
    let bob = Identity(id: "bob", role: .user, proof: .token(id: "t2"))
    for procedure in [Procedure.getSessionStatus, .restartSession, .getWhatsAppGroups] {
      #expect(try self.wait(admission, alice, procedure) == nil)
      #expect(try self.wait(admission, again, procedure) == .seconds(1))
      #expect(try self.wait(admission, bob, procedure) == nil)
    }
    #expect(try self.wait(admission, alice, .getSessionQR) == .seconds(1))
    #expect(try self.wait(admission, alice, .linkSession) == .seconds(1))
    #expect(try self.wait(admission, alice, .getWhatsAppContacts) == .seconds(1))
  }

  @Test func `a service has a bucket for each user for whom it calls`() throws {
    let admission = self.admission(reads: RateLimit(burst: 1, perSecond: 1))
    let service = Identity(id: "billing", role: .service, proof: .token(id: "t"))
    for user in ["alice", "bob"] {
      #expect(try self.wait(admission, service, .getSessionStatus, actAs: user) == nil)
      #expect(try self.wait(admission, service, .getSessionStatus, actAs: user) == .seconds(1))
    }
    // The user's own calls are others.
    let alice = Identity(id: "alice", role: .user, proof: .token(id: "t1"))
    #expect(try self.wait(admission, alice, .getSessionStatus) == nil)
  }

  @Test(arguments: [AuthService.Role.guest, .user, .service])
  func `who is refused for another reason is counted, whatever names are tried`(
    role: AuthService.Role
  ) throws {
    let admission = self.admission(reads: RateLimit(burst: 2, perSecond: 1))
    let scopes: Scopes = role == .guest ? [.actAs, .sessionRead] : .actAs
    let eve = Identity(id: "eve", role: role, scopes: scopes, proof: .token(id: "t"))
    for name in ["a", "b"] {
      #expect(throws: UserAPIError.self) {
        try self.wait(admission, eve, .getSessionStatus, actAs: name)
      }
    }
    #expect(try self.wait(admission, eve, .getSessionStatus, actAs: "c") == .seconds(1))
  }

  @Test func `who names any number of users pushes nobody's bucket out but such as their own`()
    throws
  {
    let admission = self.admission(reads: RateLimit(burst: 1, perSecond: 1))
    let alice = Identity(id: "alice", role: .user, proof: .token(id: "t1"))
    let service = Identity(id: "billing", role: .service, proof: .token(id: "t"))
    #expect(try self.wait(admission, alice, .getSessionStatus) == nil)
    for index in 0..<70_000 {
      #expect(try self.wait(admission, service, .getSessionStatus, actAs: "u\(index)") == nil)
    }
    #expect(try self.wait(admission, alice, .getSessionStatus) == .seconds(1))
  }

  @Test func `an address with too many bad tokens is refused before they are looked up`()
    async throws
  {
    let admission = self.admission(failures: RateLimit(burst: 3, perSecond: 1))
    for _ in 0..<3 {
      #expect(await self.reason(self.madeUp, admission, from: self.here) == .tokenInvalid)
    }
    let lookups = self.store.script.count(.token)
    #expect(lookups == 3)
    for _ in 0..<3 {
      #expect(await self.reason(self.madeUp, admission, from: self.here) == .rateLimited)
    }
    #expect(self.store.script.count(.token) == lookups)
    // It says when to come back, and others are not concerned.
    guard case .failure(let error) = await self.identify(self.madeUp, admission, from: self.here)
    else {
      Issue.record("it got in")
      return
    }
    #expect(error.retryAfter == .seconds(1))
    #expect(await self.reason(self.madeUp, admission, from: self.there) == .tokenInvalid)
    #expect(await self.reason(self.madeUp, admission, from: nil) == .tokenInvalid)
    self.time.advance(by: .seconds(1))
    #expect(await self.reason(self.madeUp, admission, from: self.here) == .tokenInvalid)
  }

  @Test func `what needs no look is answered as ever, and counts for nothing`() async throws {
    let admission = self.admission(failures: RateLimit(burst: 1, perSecond: 1))
    let (expired, fresh) = (
      try await self.token(lifetime: .seconds(1)), try await self.token("bob")
    )
    _ = await self.identify(expired, admission, from: self.here)
    self.time.advance(by: .seconds(2))
    let bad = [
      Credentials(authorization: nil), Credentials(authorization: "Basic x"),
      Credentials(authorization: "Bearer x"),
    ]
    for _ in 0..<10 {
      var reasons: [ErrorReason?] = []
      for credentials in bad {
        reasons.append(await self.reason(credentials, admission, from: self.here))
      }
      #expect(reasons == [.tokenMissing, .tokenMissing, .tokenInvalid])
    }
    #expect(await self.reason(fresh, admission, from: self.here) == nil)
    // One who is refused learns why, also beside others who make tokens up.
    #expect(await self.reason(self.madeUp, admission, from: self.here) == .tokenInvalid)
    #expect(await self.reason(self.madeUp, admission, from: self.here) == .rateLimited)
    #expect(await self.reason(expired, admission, from: self.here) == .tokenExpired)
  }

  @Test func `who had a good token goes on beside those who make some up`() async throws {
    let admission = self.admission(failures: RateLimit(burst: 1, perSecond: 1))
    let (alice, bob) = (try await self.token(), try await self.token("bob"))
    #expect(await self.reason(alice, admission, from: self.here) == nil)
    #expect(await self.reason(self.madeUp, admission, from: self.here) == .tokenInvalid)
    #expect(await self.reason(alice, admission, from: self.here) == nil)
    self.time.advance(by: .milliseconds(600))
    // It has to be looked up again, and is.
    let lookups = self.store.script.count(.token)
    #expect(await self.reason(alice, admission, from: self.here) == nil)
    #expect(self.store.script.count(.token) == lookups + 1)
    // One whom nobody has seen has to wait, or to come from elsewhere.
    #expect(await self.reason(bob, admission, from: self.here) == .rateLimited)
    #expect(await self.reason(bob, admission, from: self.there) == nil)
    #expect(await self.reason(bob, admission, from: self.here) == nil)
  }

  @Test func `a database that is down is held against nobody`() async throws {
    let admission = self.admission(failures: RateLimit(burst: 1, perSecond: 1))
    let alice = try await self.token()
    self.store.script.failAll(with: UserAPIError(.storeUnavailable, "down"))
    for _ in 0..<5 {
      #expect(await self.reason(alice, admission, from: self.here) == .storeUnavailable)
    }
    self.store.script.failAll(with: nil)
    #expect(await self.reason(alice, admission, from: self.here) == nil)
  }

  @Test func `without limits nobody is counted`() async throws {
    let admission = self.admission()
    let alice = Identity(id: "alice", role: .user, proof: .token(id: "t"))
    for procedure in Procedure.allCases {
      for _ in 0..<1_000 { #expect(try self.wait(admission, alice, procedure) == nil) }
    }
    for _ in 0..<1_000 {
      #expect(
        await self.reason(Credentials(authorization: nil), admission, from: self.here)
          == .tokenMissing)
    }
  }
}
