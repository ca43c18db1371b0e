internal import HTTP2
internal import Tracing
internal import UserAPI

/// The span of a call.
extension ServerCall {
  /// Begins it, unless it has begun. A call that is answered from memory has none unless somebody would
  /// see it.
  func beginSpan() {
    guard self.span == nil, let procedure, let head else { return }
    let tracer = self.services.tracer
    var context = InstrumentationContext.topLevel
    tracer.extract(head.headers, into: &context, using: HeaderExtractor())
    context.requestID = self.requestID
    let span = tracer.startAnySpan(
      String(procedure.path.dropFirst()), context: context, ofKind: .server)
    if span.isRecording {
      span.attributes["rpc.system.name"] = "user-api"
      span.attributes["rpc.method"] = String(procedure.path.dropFirst())
      span.attributes["user_api.request_id"] = self.requestID
    }
    self.span = span
  }

  /// - Parameter error: What the call failed with.
  func endSpan(_ error: UserAPIError?) {
    guard let span else { return }
    if span.isRecording, let error {
      span.attributes["error.type"] = error.reason.rawValue
      span.attributes["user_api.code"] = error.code.rawValue
      // Of the others the caller is the cause (OpenTelemetry, semantic conventions for RPC).
      if error.httpStatus >= 500 { span.setStatus(SpanStatus(code: .error)) }
    }
    span.end()
  }

  /// Does something that is told to be for this call: in logs, and to whoever it asks.
  func inContext<Result>(_ body: () -> Result) -> Result {
    guard let context = self.span?.context else { return body() }
    return InstrumentationContext.withValue(context, operation: body)
  }
}

private struct HeaderExtractor: Extractor {
  func extract(key: String, from headers: Headers) -> String? {
    headers[key.lowercased()]
  }
}
