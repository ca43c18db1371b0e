import NIOCore
import NIOPosix
import SessionService
import TestKit
import Testing
import UserAPI
import WAHA
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct FailureTests {
  /// What WAHA or a proxy before it answers, and what that means to every function.
  static let answers: [(Fault.Answer, ErrorReason)] = [
    (.status(401, body: #"{"message":"Unauthorized","statusCode":401}"#), .upstreamUnauthorized),
    (.status(403, body: #"{"message":"Forbidden","statusCode":403}"#), .upstreamUnauthorized),
    (.status(502), .upstreamUnavailable),
    (.status(503), .upstreamUnavailable),
    (.status(504), .upstreamUnavailable),
    (.status(429, body: "slow down", contentType: "text/plain"), .upstreamRateLimited),
    (
      .status(400, body: #"{"message":["no"],"error":"Bad Request","statusCode":400}"#),
      .upstreamInvalidResponse
    ),
    (
      .status(400, body: #"{"message":"Unexpected token","statusCode":400}"#),
      .upstreamInvalidResponse
    ),
    (
      .status(
        404, body: #"{"message":"Cannot GET /api/x","error":"Not Found","statusCode":404}"#),
      .upstreamInvalidResponse
    ),
    (.status(404, body: "<html>nginx</html>", contentType: "text/html"), .upstreamInvalidResponse),
    (.status(500, body: "<html>", contentType: "text/html"), .upstreamInvalidResponse),
    (.status(500, body: ""), .upstreamInvalidResponse),
    (.status(418, body: "{}"), .upstreamInvalidResponse),
    (.status(304), .upstreamInvalidResponse),
    (.redirect("http://127.0.0.1:1/"), .upstreamInvalidResponse),
    (.drop, .upstreamUnavailable),
    (.exception(ServerException("rate-overlimit", data: 429)), .upstreamRateLimited),
    (.exception(ServerException("rate-overlimit")), .upstreamRateLimited),
    (.exception(ServerException("async-lock timed out in queue s_test")), .upstreamBusy),
    (.exception(ServerException("Maximum execution time is exceeded s_test")), .upstreamBusy),
    (
      .exception(
        ServerException("Runtime.callFunctionOn timed out. Increase…", name: "ProtocolError")),
      .upstreamUnavailable
    ),
    (
      .exception(
        ServerException(
          "Cannot read properties of undefined (reading 'getChats')", name: "TypeError")),
      .upstreamUnavailable
    ),
    (.exception(ServerException("r")), .upstreamUnavailable),
    (.exception(ServerException("14 UNAVAILABLE: no connection")), .upstreamUnavailable),
    (.exception(ServerException("2 UNKNOWN: websocket")), .upstreamUnavailable),
    (.exception(ServerException("No input text")), .upstreamBusy),
    (.exception(ServerException("something else")), .upstreamInvalidResponse),
    (.exception(ServerException("", data: ["odd": true])), .upstreamInvalidResponse),
  ]

  @Test(arguments: answers.indices)
  func `a failure means the same to every function`(index: Int) async throws {
    let (answer, reason) = Self.answers[index]
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(answer))
      for function in Function.allCases {
        // A new one each, or it would give WAHA up after some.
        let waha = try makeUpstream(port: pair.server.port)
        let error = await function.failure(waha, session)
        #expect(error?.reason == reason, "\(function) \(answer)")
        #expect(error?.code == reason.code)
        switch reason {
        case .upstreamRateLimited, .upstreamBusy: #expect(error?.retryAfter != nil)
        default: #expect(error?.retryAfter == nil)
        }
      }
    }
  }

  @Test(arguments: Function.allCases)
  func `a wrong key is refused`(function: Function) async throws {
    try await withWAHA(serverKey: "right", clientKey: "wrong") { pair in
      let session = try await pair.session(nil)
      #expect(await function.failure(pair.waha, session)?.reason == .upstreamUnauthorized)
    }
  }

  @Test func `a WAHA that does not listen is unavailable`() async throws {
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(listener.localAddress?.port)
    try await listener.close().get()
    let session = try await makeOwnedSession()
    for function in Function.allCases {
      let waha = try makeUpstream(port: port)
      #expect(await function.failure(waha, session)?.reason == .upstreamUnavailable)
    }
  }

  @Test func `a redirect is not followed`() async throws {
    try await withWAHA { other in
      try await withWAHA(clientKey: "secret") { pair in
        let session = try await pair.session("WORKING")
        pair.server.addFault(
          Fault(.redirect("http://127.0.0.1:\(other.server.port)/api/sessions/s_test")))
        for function in Function.allCases {
          #expect(
            await function.failure(pair.waha, session)?.reason == .upstreamInvalidResponse)
        }
        #expect(other.server.requests().isEmpty)
      }
    }
  }

  @Test(
    arguments: [Function.status, .create, .restart, .qrCode, .qrText, .groups, .contacts],
    [0, 1, 20])
  func `a body that ends early is no answer`(function: Function, length: Int) async throws {
    try await withWAHA { pair in
      let needsCode = function == .qrCode || function == .qrText
      let session = try await pair.session(needsCode ? "SCAN_QR_CODE" : "WORKING")
      pair.server.addFault(Fault(truncateAfter: length))
      let error = await function.failure(pair.waha, session)
      #expect(error?.reason == .upstreamUnavailable)
      pair.server.clearFaults()
      #expect(try await pair.waha.status(of: session) != nil)
    }
  }

  @Test func `a list over the limit is refused`() async throws {
    try await withWAHA(configure: { $0.maxListSize = 10_000 }) { pair in
      let session = try await pair.session("WORKING")
      for function in [Function.groups, .contacts] {
        #expect(await function.failure(pair.waha, session)?.reason == .upstreamListTooLarge)
      }
      pair.server.setAddressBook(groups: [Group(id: "1@g.us", name: "A")], contacts: [])
      #expect(try await pair.waha.groups(of: session).count == 1)
    }
  }

  @Test func `any other answer over its limit is refused`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      let long =
        #"{"name":"s_test","status":"WORKING","x":""# + String(repeating: "x", count: 2 << 20)
      pair.server.addFault(Fault(.status(200, body: long + #""}"#), method: "GET"))
      #expect(
        await Function.status.failure(pair.waha, session)?.reason == .upstreamInvalidResponse)
    }
  }

  @Test func `a WAHA that does not answer in time is a timeout`() async throws {
    try await withWAHA { pair in
      let session = try await makeOwnedSession()
      pair.server.addFault(Fault(.hang))
      for function in Function.allCases {
        let waha = try makeUpstream(
          port: pair.server.port,
          configure: {
            $0.statusTimeout = .milliseconds(20)
            $0.lifecycleTimeout = .milliseconds(20)
            $0.listTimeout = .milliseconds(20)
          })
        #expect(await function.failure(waha, session)?.reason == .upstreamTimeout)
      }
    }
  }

  @Test(arguments: [
    ("<html>login</html>", "text/html"), ("", nil), ("null", "application/json"),
    (#"{"groups":[],"x":1}"#, "application/json"), (#"{"error":"no"}"#, "application/json"),
    (#"[1,2,3]"#, "application/json"), (#"[{"a":1},{"id":"1@g.us","JID":5},null]"#, nil),
    (#"[null,null]"#, "application/json"), (#"[{"id":"x"}"#, "application/json"),
    ("\"text\"", "application/json"), ("\u{FEFF}", "application/json"),
  ])
  func `what makes no sense is an error and never an empty list`(
    body: String, type: String?
  ) async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(
        Fault(.status(200, body: body, contentType: type), path: "/api/s_test/groups"))
      pair.server.addFault(
        Fault(.status(200, body: body, contentType: type), path: "/api/contacts"))
      for function in [Function.groups, .contacts] {
        #expect(
          await function.failure(pair.waha, session)?.reason == .upstreamInvalidResponse,
          "\(function) \(body)")
      }
    }
  }

  @Test(arguments: [
    "<html>login</html>", "", "null", "[]", "{}", #"{"name":"s_test"}"#,
    #"{"name":"s_other","status":"WORKING"}"#, #"{"name":"s_test","status":""}"#,
  ])
  func `what makes no sense is no status`(body: String) async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.status(200, body: body)))
      #expect(
        await Function.status.failure(pair.waha, session)?.reason == .upstreamInvalidResponse)
    }
  }

  @Test func `a QR code is a picture or an error`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("SCAN_QR_CODE")
      pair.server.addFault(Fault(.status(200, body: ""), path: "/api/s_test/auth", count: 1))
      #expect(await Function.qrCode.failure(pair.waha, session)?.reason == .upstreamBusy)
      pair.server.addFault(Fault(.status(200, body: "<html>"), path: "/api/s_test/auth", count: 1))
      #expect(
        await Function.qrCode.failure(pair.waha, session)?.reason == .upstreamInvalidResponse)
    }
  }

  @Test(arguments: ["", "{}", #"{"value":null}"#, #"{"value":""}"#])
  func `a QR code without text is being changed`(body: String) async throws {
    try await withWAHA { pair in
      let session = try await pair.session("SCAN_QR_CODE")
      pair.server.addFault(Fault(.status(200, body: body), path: "/api/s_test/auth"))
      #expect(await Function.qrText.failure(pair.waha, session)?.reason == .upstreamBusy)
    }
  }
}
