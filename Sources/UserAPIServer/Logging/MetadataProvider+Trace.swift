package import Logging
internal import Tracing

extension Logger.MetadataProvider {
  /// For which call a line is, and where that stands in its trace.
  package static let trace = Logger.MetadataProvider {
    guard let context = InstrumentationContext.current else { return [:] }
    var metadata: Logger.Metadata = [:]
    if let request = context.requestID { metadata["request"] = "\(request)" }
    if let trace = context.trace {
      metadata["trace_id"] = "\(trace.traceID)"
      metadata["span_id"] = "\(trace.spanID)"
    }
    return metadata
  }
}
