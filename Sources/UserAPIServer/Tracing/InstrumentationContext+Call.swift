internal import Tracing

extension InstrumentationContext {
  private enum TraceKey: InstrumentationContextKey {
    typealias Value = TraceContext
    static var nameOverride: String? { "trace" }
  }

  private enum RequestKey: InstrumentationContextKey {
    typealias Value = String
    static var nameOverride: String? { "request" }
  }

  /// Where the work stands in a trace, while ``TraceContextTracer`` is the one who traces.
  var trace: TraceContext? {
    get { self[TraceKey.self] }
    set { self[TraceKey.self] = newValue }
  }

  /// The id of the call that the work is for.
  var requestID: String? {
    get { self[RequestKey.self] }
    set { self[RequestKey.self] = newValue }
  }
}
