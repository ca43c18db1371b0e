import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct OwnershipTests {
  @Test(arguments: ["s_other", "s_nobody", "", "S_TEST", "s_test ", "../server"])
  func `a name that is not the caller's is answered as one that nobody has`(
    name: String
  ) async throws {
    let service = Service()
    service.store.setRecord(.sample())
    service.store.setRecord(.sample(name: "s_other", userID: "user-2"))
    let caller = try await makeCaller()
    let refused = await failure { () async throws(UserAPIError) in
      try await service.sessions.session(named: name, of: caller)
    }
    let unknown = await failure { () async throws(UserAPIError) in
      try await service.sessions.session(named: "s_never", of: caller)
    }
    #expect(refused?.reason == .sessionNotFound)
    #expect(refused?.code == .notFound)
    #expect(Seen(refused) == Seen(unknown))
    #expect(service.upstream.script.steps.isEmpty)
  }

  @Test func `a caller without a session gets the same answer`() async throws {
    let service = Service()
    service.store.setRecord(.sample())
    let own = try await makeCaller()
    let stranger = try await makeCaller("user-2")
    let strangers = await failure { () async throws(UserAPIError) in
      try await service.sessions.session(named: "s_test", of: stranger)
    }
    let owns = await failure { () async throws(UserAPIError) in
      try await service.sessions.session(named: "s_else", of: own)
    }
    #expect(Seen(strangers) == Seen(owns))
    #expect(strangers?.reason == .sessionNotFound)
  }

  @Test func `the caller's own session is found, and WAHA is not asked for it`() async throws {
    let service = Service()
    let session = try await service.session(nil)
    #expect(session.id == "id-user-1")
    #expect(session.name == "s_test")
    #expect(session.userID == "user-1")
    #expect(service.upstream.script.steps.isEmpty)
  }

  @Test func `callers at the same time share one look into the database`() async throws {
    let service = Service()
    service.store.setRecord(.sample())
    let caller = try await makeCaller()
    service.store.script.hold(.session)
    let calls = (0..<100).map { _ in
      Task.immediate { try await service.sessions.session(named: "s_test", of: caller) }
    }
    await service.store.script.reached(.session)
    service.store.script.release(.session)
    for call in calls { #expect(try await call.value.name == "s_test") }
    #expect(service.store.script.count(.session) == 1)
  }

  @Test func `a session once looked up is known for a while`() async throws {
    let service = Service()
    let caller = try await makeCaller()
    _ = try await service.session(.working)
    service.time.advance(by: .milliseconds(4_999))
    _ = try await service.sessions.session(named: "s_test", of: caller)
    #expect(service.store.script.count(.session) == 1)
    service.time.advance(by: .milliseconds(1))
    _ = try await service.sessions.session(named: "s_test", of: caller)
    #expect(service.store.script.count(.session) == 2)
  }

  @Test func `that a user has none is not remembered`() async throws {
    let service = Service()
    let caller = try await makeCaller()
    let refused = await failure { () async throws(UserAPIError) in
      try await service.sessions.session(named: "s_test", of: caller)
    }
    #expect(refused?.reason == .sessionNotFound)
    let initiated = try await service.sessions.initiate(for: caller)
    #expect(
      try await service.sessions.session(named: initiated.name, of: caller) == initiated)
  }

  @Test func `a store that does not answer is no proof that there is no session`() async throws {
    let service = Service()
    service.store.script.failAll(with: .storeDown)
    let caller = try await makeCaller()
    let refused = await failure { () async throws(UserAPIError) in
      try await service.sessions.session(named: "s_test", of: caller)
    }
    #expect(refused?.reason == .storeUnavailable)
  }

  @Test func `the phone number of the caller's session is stored`() async throws {
    let service = Service()
    service.store.setRecord(.sample())
    service.time.advance(by: .seconds(60))
    let number = try #require(PhoneNumber("+1 (555) 123-4567"))
    try await service.sessions.setPhoneNumber(
      number, sessionID: "id-user-1", of: try await makeCaller())
    let record = try #require(service.store.record(ofUser: "user-1"))
    #expect(record.phoneNumber == "+15551234567")
    #expect(record.updatedAt == service.time.wallClock)
  }

  @Test(arguments: ["id-user-2", "id-nobody", "s_test", ""])
  func `the phone number of a session that is not the caller's is not touched`(
    id: String
  ) async throws {
    let service = Service()
    service.store.setRecord(.sample())
    service.store.setRecord(.sample(name: "s_other", userID: "user-2"))
    let caller = try await makeCaller()
    let number = try #require(PhoneNumber("15551234567"))
    let refused = await failure { () async throws(UserAPIError) in
      try await service.sessions.setPhoneNumber(number, sessionID: id, of: caller)
    }
    #expect(refused?.reason == .sessionNotFound)
    #expect(service.store.script.count(.setPhoneNumber) == 0)
    #expect(service.upstream.script.steps.isEmpty)
  }
}
