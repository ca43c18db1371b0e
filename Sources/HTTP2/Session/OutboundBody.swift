internal import NIOCore

/// What this side has to send on one stream, between the producer and libnghttp2. A class, so that
/// the session looks each stream up once.
final class OutboundBody {
  /// The bytes that the peer's window has not yet taken.
  var pending = ByteBuffer()
  /// Whether this side's headers were queued. The body comes after them.
  var hasHeaders: Bool
  /// Whether nothing more will be appended.
  var isEnded: Bool
  /// Whether the producer was told to stop and waits for `.writable`.
  var isStopped = false

  /// When the stream was opened.
  let openedAt: NIODeadline

  init(hasHeaders: Bool, isEnded: Bool, openedAt: NIODeadline) {
    self.openedAt = openedAt
    self.hasHeaders = hasHeaders
    self.isEnded = isEnded
  }
}
