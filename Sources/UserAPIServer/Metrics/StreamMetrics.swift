internal import HTTP2
internal import Synchronization

/// `user_api_streams`, those that are open, and `user_api_streams_reset_total{code}`, those that ended
/// before their time.
final class StreamMetrics: Sendable {
  private let openCount = Atomic<Int>(0)
  /// By the number of the code (RFC 9113, section 7).
  private let resets: [PrometheusCounter]
  private let others: PrometheusCounter
  private let lost: PrometheusCounter

  init(registry: PrometheusRegistry) {
    func counter(_ code: String) -> PrometheusCounter {
      registry.counter("user_api_streams_reset_total", labels: [("code", code)])
    }
    self.resets = ErrorCode.names.map(counter)
    self.others = counter("other")
    self.lost = counter("connection_lost")
    registry.addGauge("user_api_streams") { self.openCount.load(ordering: .relaxed) }
  }

  func opened() {
    self.openCount.wrappingAdd(1, ordering: .relaxed)
  }

  func closed(_ reason: StreamCloseReason) {
    self.openCount.wrappingSubtract(1, ordering: .relaxed)
    switch reason {
    case .finished: break
    case .reset(let code):
      let number = Int(code.rawValue)
      (number < self.resets.count ? self.resets[number] : self.others).increment(by: 1)
    case .connectionLost: self.lost.increment(by: 1)
    }
  }
}

extension ErrorCode {
  /// In lower case, from 0 on (RFC 9113, section 7).
  fileprivate static let names = [
    "no_error", "protocol_error", "internal_error", "flow_control_error", "settings_timeout",
    "stream_closed", "frame_size_error", "refused_stream", "cancel", "compression_error",
    "connect_error", "enhance_your_calm", "inadequate_security", "http_1_1_required",
  ]
}
