import SessionService
import TestKit
import Testing
import UserAPI
import WAHA
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct FunctionTests {
  @Test(arguments: Engine.allCases)
  func `a session lives from its making to its end`(engine: Engine) async throws {
    try await withWAHA(engine) { pair in
      let session = try await pair.session(nil)
      #expect(try await pair.waha.status(of: session) == nil)
      try await pair.waha.create(session)
      while try await pair.waha.status(of: session) != .scanQRCode { await Task.yield() }
      let picture = try await pair.waha.qrCode(of: session)
      #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
      #expect(try await pair.waha.qrText(of: session).hasPrefix("2@"))
      let typed = try await pair.waha.pairingCode(of: session, phoneNumber: samplePhoneNumber)
      #expect(typed.text.count == 9)
      pair.server.scan("s_test")
      while try await pair.waha.status(of: session) != .working { await Task.yield() }
      try await pair.waha.verify(session)
      #expect(try await !pair.waha.groups(of: session).isEmpty)
      #expect(try await !pair.waha.contacts(of: session).isEmpty)
      try await pair.waha.restart(session)
      while try await pair.waha.status(of: session) != .working { await Task.yield() }
      try await pair.waha.logout(session)
      while try await pair.waha.status(of: session) != .scanQRCode { await Task.yield() }
      try await pair.waha.delete(session)
      #expect(try await pair.waha.status(of: session) == nil)
    }
  }

  @Test(arguments: Engine.allCases)
  func `making a session that is there changes nothing`(engine: Engine) async throws {
    try await withWAHA(engine) { pair in
      let session = try await pair.session("WORKING")
      try await pair.waha.create(session)
      #expect(pair.server.status(of: "s_test") == "WORKING")
    }
  }

  @Test(arguments: Engine.allCases)
  func `a stopped session is started, and a running one left alone`(engine: Engine) async throws {
    try await withWAHA(engine) { pair in
      let session = try await pair.session("STOPPED")
      try await pair.waha.start(session)
      #expect(pair.server.status(of: "s_test") != "STOPPED")
      pair.server.setStatus("s_test", to: "WORKING")
      try await pair.waha.start(session)
      #expect(pair.server.status(of: "s_test") == "WORKING")
    }
  }

  @Test func `a WAHA that refuses to start a running session is content`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(
        Fault(
          .status(
            422,
            body: #"{"message":"Session 's_test' is already started.","statusCode":422}"#),
          path: "/api/sessions/s_test/start"))
      try await pair.waha.start(session)
    }
  }

  @Test(arguments: ["PASSKEY_REQUIRED", "STOPPED", "FAILED"])
  func `a status is passed on as it is`(word: String) async throws {
    try await withWAHA { pair in
      let session = try await pair.session(word)
      #expect(try await pair.waha.status(of: session)?.rawValue == word)
    }
  }

  @Test(
    arguments: Engine.allCases, [ServerVersion(2024, 10, 8), ServerVersion(2025, 12, 1), .latest])
  func `a session that WAHA does not have is missing to every function`(
    engine: Engine, version: ServerVersion
  ) async throws {
    try await withWAHA(engine, version: version) { pair in
      let session = try await pair.session(nil)
      #expect(try await pair.waha.status(of: session) == nil)
      for function in [
        Function.start, .restart, .qrCode, .qrText, .pairingCode, .groups, .contacts,
      ] {
        #expect(
          await function.failure(pair.waha, session)?.reason == .sessionMissingUpstream,
          "\(function)")
      }
      try await pair.waha.logout(session)
      try await pair.waha.delete(session)
    }
  }

  @Test(arguments: [ServerVersion(2024, 10, 8), .latest])
  func `a session is verified by any version`(version: ServerVersion) async throws {
    try await withWAHA(version: version) { pair in
      let session = try await pair.session("WORKING")
      try await pair.waha.verify(session)
      pair.server.setStatus("s_test", to: "STOPPED")
      #expect(await Function.verify.failure(pair.waha, session) != nil)
    }
  }

  @Test(arguments: Engine.allCases)
  func `a session in the wrong state is refused with its own reason`(engine: Engine) async throws {
    try await withWAHA(engine) { pair in
      let working = try await pair.session("WORKING")
      for function in [Function.qrCode, .qrText] {
        #expect(await function.failure(pair.waha, working)?.reason == .sessionNotAwaitingScan)
      }
      pair.server.setStatus("s_test", to: "SCAN_QR_CODE")
      for function in [Function.groups, .contacts] {
        #expect(await function.failure(pair.waha, working)?.reason == .sessionNotWorking)
      }
    }
  }

  @Test(
    arguments: [(Engine.webjs, ErrorReason.upstreamUnavailable)]
      + [.noweb, .gows].map { ($0, .sessionNotAwaitingScan) })
  func `a code to type is refused to a session that waits for no scan`(
    engine: Engine, reason: ErrorReason
  ) async throws {
    try await withWAHA(engine) { pair in
      let session = try await pair.session("WORKING")
      #expect(await Function.pairingCode.failure(pair.waha, session)?.reason == reason)
    }
  }

  @Test(arguments: [#"{"code":""}"#, #"{"code":"\u001b[2J"}"#, #"{"code":7}"#, "{}", ""])
  func `a code that nobody could type is no answer`(body: String) async throws {
    try await withWAHA { pair in
      let session = try await pair.session("SCAN_QR_CODE")
      pair.server.addFault(
        Fault(.status(201, body: body), path: "/api/s_test/auth/request-code"))
      #expect(
        await Function.pairingCode.failure(pair.waha, session)?.reason
          == .upstreamInvalidResponse)
    }
  }

  @Test func `contacts without a store are refused with their own reason`() async throws {
    try await withWAHA(.noweb) { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(
        Fault(
          .status(
            400,
            body: #"{"message":"Enable NOWEB store \"config.noweb.store.enabled=True\"","#
              + #""error":"Bad Request","statusCode":400}"#),
          path: "/api/contacts/all"))
      #expect(
        await Function.contacts.failure(pair.waha, session)?.reason == .contactsNotStored)
    }
  }

  @Test func `sessions are made with a store, so that NOWEB gives contacts`() async throws {
    try await withWAHA(.noweb) { pair in
      let session = try await pair.session("WORKING")
      #expect(try await !pair.waha.contacts(of: session).isEmpty)
    }
  }

  @Test func `WAHA answers a ping without a key`() async throws {
    try await withWAHA(serverKey: "secret") { pair in
      try await pair.waha.ping(timeout: .seconds(10))
    }
  }

  @Test func `the right key opens everything`() async throws {
    try await withWAHA(serverKey: "secret", clientKey: "secret") { pair in
      let session = try await pair.session("WORKING")
      #expect(try await !pair.waha.groups(of: session).isEmpty)
    }
  }

  @Test func `every call is observed`() async throws {
    let calls = Recorder<WAHACall>()
    try await withWAHA(
      observe: { _, event in if case .called(let call, _, _) = event { calls.append(call) } }
    ) { pair in
      let session = try await makeOwnedSession()
      for function in [Function.create, .status, .restart, .groups, .delete] {
        _ = await function.failure(pair.waha, session)
      }
    }
    #expect(calls.values == [.create, .status, .restart, .version, .groups, .delete])
  }
}
