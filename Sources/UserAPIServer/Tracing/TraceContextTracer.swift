package import Tracing

/// Passes traces on and records none: what callers send in `traceparent` reaches the logs and WAHA,
/// with a span of its own for each step, and a backend that records takes this one's place.
package struct TraceContextTracer: Tracer {
  private static let parentKey = "traceparent"
  private static let stateKey = "tracestate"

  package init() {}

  package func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    guard let parent = extractor.extract(key: Self.parentKey, from: carrier) else { return }
    context.trace = TraceContext(
      parent: parent, state: extractor.extract(key: Self.stateKey, from: carrier))
  }

  package func inject<Carrier, Inject: Injector>(
    _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    guard let trace = context.trace else { return }
    injector.inject(trace.parent, forKey: Self.parentKey, into: &carrier)
    if let state = trace.state { injector.inject(state, forKey: Self.stateKey, into: &carrier) }
  }

  package func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> InstrumentationContext,
    ofKind kind: SpanKind, at instant: @autoclosure () -> Instant, function: String,
    file fileID: String, line: UInt
  ) -> NoOpTracer.NoOpSpan {
    var context = context()
    context.trace = context.trace?.child() ?? .root()
    return NoOpTracer.NoOpSpan(context: context)
  }

  package func startAnySpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> InstrumentationContext,
    ofKind kind: SpanKind, at instant: @autoclosure () -> Instant, function: String,
    file fileID: String, line: UInt
  ) -> any Tracing.Span {
    self.startSpan(
      operationName, context: context(), ofKind: kind, at: instant(), function: function,
      file: fileID, line: line)
  }

  package func forceFlush() {}
}
