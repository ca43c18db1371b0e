/// What a peer went beyond. The raw value is its name in metrics.
package enum ConnectionLimit: String, CaseIterable, Sendable {
  /// More bytes in a header block than ``SessionConfiguration/maxHeaderListSize``.
  case headerListSize = "header_list_size"
  /// More fields in a header block than ``SessionConfiguration/maxHeaderFields``.
  case headerFields = "header_fields"
  /// More streams than ``SessionConfiguration/maxConcurrentStreams``, counting those that are gone
  /// and whose handlers have not ended.
  case streams
  /// ``FloodLimits/continuations``
  case continuations
  /// ``FloodLimits/resets``
  case resets
  /// ``FloodLimits/pings``
  case pings
  /// ``FloodLimits/settings``
  case settings
  /// ``FloodLimits/priorities``
  case priorities
  /// ``FloodLimits/windowUpdates``
  case windowUpdates = "window_updates"
  /// ``FloodLimits/smallData``
  case smallData = "small_data"
  /// ``FloodLimits/unknownFrames``
  case unknownFrames = "unknown_frames"
  /// More bytes waiting than ``BufferBudget/limit`` allows to all connections together.
  case buffered
  /// ``ConnectionTimeouts/handshake``
  case handshakeTimeout = "handshake_timeout"
  /// ``ConnectionTimeouts/header``
  case headerTimeout = "header_timeout"
  /// ``ConnectionTimeouts/idle``
  case idleTimeout = "idle_timeout"
  /// ``ConnectionTimeouts/keepaliveTimeout``
  case keepaliveTimeout = "keepalive_timeout"
  /// ``ConnectionTimeouts/writeStall``
  case writeStallTimeout = "write_stall_timeout"
  /// ``ConnectionTimeouts/maxAge``
  case connectionAge = "connection_age"
}

extension ConnectionLimit {
  /// Whether a connection that ends for it is none that did wrong.
  var isBenign: Bool {
    switch self {
    case .idleTimeout, .keepaliveTimeout, .connectionAge: true
    case .headerListSize, .headerFields, .streams, .continuations, .resets, .pings, .settings,
      .priorities, .windowUpdates, .smallData, .unknownFrames, .buffered, .handshakeTimeout,
      .headerTimeout, .writeStallTimeout:
      false
    }
  }
}
