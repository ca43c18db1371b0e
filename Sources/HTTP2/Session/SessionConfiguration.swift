/// The limits of one HTTP/2 connection.
package struct SessionConfiguration: Sendable {
  /// SETTINGS_MAX_CONCURRENT_STREAMS: how many streams the peer may have open. Default: 256.
  package var maxConcurrentStreams: UInt32 = 256
  /// SETTINGS_INITIAL_WINDOW_SIZE: bytes of body that a peer may send on a stream before this
  /// side has consumed them. Default: 64 KiB.
  package var streamWindow: UInt32 = 64 << 10
  /// The same for the connection as a whole. Default: 1 MiB.
  package var connectionWindow: Int32 = 1 << 20
  /// SETTINGS_MAX_HEADER_LIST_SIZE, in bytes (RFC 9113, section 6.5.2); of a block over it the rest
  /// is dropped, and ``Headers/isTruncated`` says so. Default: 16 KiB.
  package var maxHeaderListSize: UInt32 = 16 << 10
  /// How many fields a header block may have, each crumb of a cookie counted; more are dropped in
  /// the same way. Default: 100.
  package var maxHeaderFields: Int = 100
  /// How many frames of each cheap kind the peer may send.
  package var floods: FloodLimits = .defaults
  /// Body bytes that may wait on a stream for the peer's window before `send` reports that the
  /// producer should stop. Default: 64 KiB.
  package var outboundHighWaterMark: Int = 64 << 10
  /// Body bytes at or under which a stopped producer is told to go on. Default: 16 KiB.
  package var outboundLowWaterMark: Int = 16 << 10

  package static let defaults = Self()

  package init() {}
}
