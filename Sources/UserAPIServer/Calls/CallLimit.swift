internal import UserAPI

/// What a call went beyond. The raw value is its name in metrics.
enum CallLimit: String, CaseIterable, Sendable {
  /// ``CallLimits/maxMessageSize``
  case messageSize = "message_size"
  /// ``CallLimits/bodyTimeout``
  case bodyTimeout = "body_timeout"
  /// `ConnectionConfiguration.maxBufferedBytes`
  case bufferedPerConnection = "buffered_per_connection"

  /// The limit for which a call failed, if it is one of these.
  init?(_ reason: ErrorReason) {
    switch reason {
    case .messageTooLarge: self = .messageSize
    case .bodyTimeout: self = .bodyTimeout
    case .connectionBufferFull: self = .bufferedPerConnection
    default: return nil
    }
  }
}
