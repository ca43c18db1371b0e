import AuthService
import HTTP2
import InMemoryTracing
import Logging
import TestKit
import Testing
import Tracing
import UserAPI

@testable import UserAPIServer

@Suite(.timeLimit(.minutes(10))) struct TracedCallTests {
  private static let traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let traced: Headers = [
    "traceparent": "00-\(traceID)-00f067aa0ba902b7-01"
  ]
  private static let own = #"{"sessionName":"s_test"}"#
  private static let others = #"{"sessionName":"s_other"}"#

  /// Runs `body` with a connection and the header of `user-1`, whose session works.
  private func withPort(
    tracer: any Tracer = TraceContextTracer(), logger: Logger? = nil,
    _ body: (CallPort, RawConnection, _ authorization: String) async throws -> Void
  ) async throws {
    try await CallPort.with(tracer: tracer, logger: logger) { port in
      port.upstream.setStatus(.working, named: "s_test")
      let token = try await port.tokens.issue(userID: "user-1", role: .user, lifetime: nil)
      try await RawConnection.with(port.url) { connection in
        try await body(port, connection, "Bearer " + token.secret.rawValue)
      }
    }
  }

  @Test func `every answer names its call, and an error names it once more`() async throws {
    try await self.withPort { port, connection, authorization in
      var ids: Set<String> = []
      for (procedure, message) in [
        (Procedure.getSessionStatus, Self.own), (.getSessionStatus, Self.own),
        (.getSessionStatus, Self.others), (.getWhatsAppSession, "{}"), (.getSessionQR, "no JSON"),
      ] {
        let answer = try await connection.call(procedure, message, authorization: authorization)
        let id = try #require(answer.requestID)
        #expect(answer.body.contains(#""requestId":"\#(id)""#) == (answer.status != "200"))
        ids.insert(id)
      }
      #expect(ids.count == 5)
      let refused = try #require(port.audit.lines.first)
      #expect(ids.contains(refused["request"] ?? ""))
    }
  }

  @Test func `a recording tracer sees each call, known answers as well, and how it ended`()
    async throws
  {
    let tracer = InMemoryTracer()
    try await self.withPort(tracer: tracer) { _, connection, authorization in
      for (message, reason) in [
        (Self.own, nil), (Self.own, nil), (Self.others, "SESSION_NOT_FOUND"),
      ] {
        let answer = try await connection.call(
          .getSessionStatus, message, authorization: authorization)
        let span = try #require(tracer.popFinishedSpans().first)
        #expect(span.operationName == "user.v1.User/getSessionStatus")
        #expect(span.kind == .server)
        #expect(span.text("user_api.request_id") == answer.requestID)
        #expect(span.text("error.type") == reason)
        // The caller's own mistakes are no errors of the server's.
        #expect(span.status?.code != .error)
      }
      #expect(tracer.activeSpans.isEmpty)
    }
  }

  @Test func `a failure of the server's is one of the span's`() async throws {
    let tracer = InMemoryTracer()
    try await self.withPort(tracer: tracer) { port, connection, authorization in
      port.upstream.script.fail(
        with: UserAPIError(.upstreamUnavailable, "WAHA cannot be reached"))
      let answer = try await connection.call(
        .getSessionStatus, Self.own, authorization: authorization)
      #expect(answer.status == "503", "\(answer.body)")
      let span = try #require(tracer.popFinishedSpans().first)
      #expect(span.status?.code == .error)
      #expect(span.text("error.type") == "UPSTREAM_UNAVAILABLE")
    }
  }

  @Test func `what runs for a call runs in its context`() async throws {
    let contexts = Recorder<InstrumentationContext?>()
    try await self.withPort { port, connection, authorization in
      port.upstream.script.whenBegun { _ in contexts.append(InstrumentationContext.current) }
      let answer = try await connection.call(
        .getSessionStatus, Self.own, authorization: authorization, headers: Self.traced)
      let context = try #require(contexts.values.first.flatMap { $0 })
      #expect(context.requestID == answer.requestID)
      #expect(context.trace?.traceID == Self.traceID)
      #expect(context.trace?.spanID != "00f067aa0ba902b7")
    }
  }

  @Test func `a call that nobody traces begins a trace where it leaves the event loop`()
    async throws
  {
    let contexts = Recorder<InstrumentationContext?>()
    try await self.withPort { port, connection, authorization in
      port.upstream.script.whenBegun { _ in contexts.append(InstrumentationContext.current) }
      let made: Headers = ["traceparent": "00-\(Self.traceID)-nonsense-01"]
      for headers in [[:], made] {
        port.time.advance(by: .seconds(2))
        _ = try await connection.call(
          .getSessionStatus, Self.own, authorization: authorization, headers: headers)
      }
      let ids = contexts.values.compactMap { $0?.trace?.traceID }
      #expect(Set(ids).count == 2)
      #expect(!ids.contains(Self.traceID))
    }
  }

  @Test func `lines of the log say for which call and in which trace they are`() async throws {
    let log = LogRecorder()
    try await self.withPort(logger: log.logger(level: .debug, provider: .trace)) {
      port, connection, authorization in
      let answer = try await connection.call(
        .getSessionStatus, Self.others, authorization: authorization, headers: Self.traced)
      for lines in [log.lines.filter { $0.message == "call ended" }, port.audit.lines] {
        let line = try #require(lines.first)
        #expect(line["request"] == answer.requestID)
        #expect(line["trace_id"] == Self.traceID)
        #expect(line["span_id"]?.utf8.count == 16)
      }
    }
  }

  @Test func `a line that is written on another thread says for which call it is`() async throws {
    let log = LogRecorder()
    let queue = LogQueue(logger: log.logger())
    let logger = Logger(label: "test") { _ in
      QueuedLogHandler(handler: log.logger(provider: .trace).handler, queue: queue)
    }
    var context = InstrumentationContext.topLevel
    context.requestID = "r-1"
    InstrumentationContext.withValue(context) { logger.info("first") }
    logger.info("second")
    await queue.drain(within: .seconds(30))
    #expect(log.lines.map { $0["request"] } == ["r-1", nil])
  }
}

extension FinishedInMemorySpan {
  fileprivate func text(_ key: String) -> String? {
    if case .string(let text)? = self.attributes.get(key) { text } else { nil }
  }
}
