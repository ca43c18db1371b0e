import InMemoryTracing
import SessionService
import TestKit
import Testing
import Tracing
import UserAPI
import WAHA
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct TraceTests {
  /// Names its spans as W3C's header does, so that what was sent can be seen at the simulator.
  private struct HeaderTracer: Tracer {
    let parent: String
    let recording = InMemoryTracer()

    func extract<Carrier, Extract: Extractor>(
      _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {}

    func inject<Carrier, Inject: Injector>(
      _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
      injector.inject(self.parent, forKey: "traceparent", into: &carrier)
    }

    func startSpan<Instant: TracerInstant>(
      _ operationName: String, context: @autoclosure () -> InstrumentationContext,
      ofKind kind: SpanKind, at instant: @autoclosure () -> Instant, function: String,
      file fileID: String, line: UInt
    ) -> InMemorySpan {
      self.recording.startSpan(
        operationName, context: context(), ofKind: kind, at: instant(), function: function,
        file: fileID, line: line)
    }

    func startAnySpan<Instant: TracerInstant>(
      _ operationName: String, context: @autoclosure () -> InstrumentationContext,
      ofKind kind: SpanKind, at instant: @autoclosure () -> Instant, function: String,
      file fileID: String, line: UInt
    ) -> any Tracing.Span {
      self.startSpan(
        operationName, context: context(), ofKind: kind, at: instant(), function: function,
        file: fileID, line: line)
    }

    func forceFlush() {}
  }

  @Test func `WAHA is told where its call stands in the trace`() async throws {
    let tracer = HeaderTracer(parent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    try await withWAHA(tracer: tracer) { pair in
      let session = try await pair.session("WORKING")
      _ = try await pair.waha.status(of: session)
      #expect(pair.server.requests().map(\.traceparent) == [tracer.parent])
      let span = try #require(tracer.recording.finishedSpans.last)
      #expect(span.operationName == "WAHA status")
      #expect(span.kind == .client)
      #expect(span.status?.code != .error)
    }
  }

  @Test(arguments: ["00-a\r\nX-Api-Key: other", "00-a\nx", "é", "\0"])
  func `what would be more than one header is none`(parent: String) async throws {
    try await withWAHA(serverKey: "key", clientKey: "key", tracer: HeaderTracer(parent: parent)) {
      pair in
      let session = try await pair.session("WORKING")
      _ = try await pair.waha.status(of: session)
      #expect(pair.server.requests().map(\.traceparent) == [nil])
    }
  }

  @Test func `a call that fails is a span that failed`() async throws {
    let tracer = InMemoryTracer()
    let waha = try makeUpstream(port: 1, tracer: tracer)
    let error = await failure { () async throws(UserAPIError) in
      try await waha.ping(timeout: .seconds(50))
    }
    #expect(error?.reason == .upstreamUnavailable)
    let span = try #require(tracer.finishedSpans.first)
    #expect(span.operationName == "WAHA ping")
    #expect(span.status?.code == .error)
    #expect(tracer.activeSpans.isEmpty)
  }
}
