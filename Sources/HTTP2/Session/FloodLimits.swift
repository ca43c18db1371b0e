internal import NIOCore

/// How many frames a peer may send that cost it little and this side something. A connection that
/// goes beyond one of them is ended with ENHANCE_YOUR_CALM (RFC 9113, section 10.5).
package struct FloodLimits: Sendable {
  /// CONTINUATION frames in one header block. Default: 8.
  package var continuations = 8
  /// RST_STREAM frames, received and sent: a peer can also provoke them. Those of streams that were
  /// open for ``patience`` do not count: a call that takes long may be given up. Every call that is
  /// answered to its end earns one. Default: 500, then 50 a second.
  package var resets = RateLimit(burst: 500, perSecond: 50)
  /// PING frames, acknowledgements among them. Every request earns one, and so does every reset.
  /// Default: 100, then 10 a second.
  package var pings = RateLimit(burst: 100, perSecond: 10)
  /// SETTINGS frames, acknowledgements among them. Default: 50, then 5 a second.
  package var settings = RateLimit(burst: 50, perSecond: 5)
  /// PRIORITY frames. Every request earns one. Default: 500, then 50 a second.
  package var priorities = RateLimit(burst: 500, perSecond: 50)
  /// WINDOW_UPDATE frames. Every request earns four, every KiB of body sent one. Default: 2,000,
  /// then 200 a second.
  package var windowUpdates = RateLimit(burst: 2_000, perSecond: 200)
  /// DATA frames that neither carry ``smallDataSize`` bytes nor end their stream. Every request
  /// earns two. Default: 2,000, then 200 a second.
  package var smallData = RateLimit(burst: 2_000, perSecond: 200)
  /// Frames of a type that this side does not know, and GOAWAY. Every request earns one. Default:
  /// 100, then 10 a second.
  package var unknownFrames = RateLimit(burst: 100, perSecond: 10)

  /// The payload, in bytes, from which a DATA frame counts as one that carries something.
  static let smallDataSize = 64
  /// The most that padding adds to it.
  static let mostPadding = 256

  /// How long a stream has to be open for its reset to be no flood. So many streams as a connection
  /// may have can be reset in that time.
  static let patience: TimeAmount = .seconds(1)

  package static let defaults = Self()

  package init() {}
}
