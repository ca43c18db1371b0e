internal import Tracing
internal import UserAPI

/// Adds to headers as libcurl takes them.
struct HeaderInjector: Injector {
  func inject(_ value: String, forKey key: String, into headers: inout [String]) {
    // Whatever a caller has sent along, it stays one header.
    guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { return }
    headers.append("\(key): \(value)")
  }
}

// As OpenTelemetry's semantic conventions for clients of HTTP name it. The path names the session, and
// is left out.
extension Span {
  func note(_ method: CurlRequest.Method, _ answer: WAHAAnswer) {
    self.attributes["http.request.method"] = method.rawValue
    self.attributes["http.response.status_code"] = answer.status
    if answer.status >= 400 {
      self.attributes["error.type"] = "\(answer.status)"
      self.setStatus(SpanStatus(code: .error))
    }
  }

  func note(_ method: CurlRequest.Method, _ error: UserAPIError) {
    self.attributes["http.request.method"] = method.rawValue
    self.attributes["error.type"] = error.reason.rawValue
    self.setStatus(SpanStatus(code: .error))
  }
}
