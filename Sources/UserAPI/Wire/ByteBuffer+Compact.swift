package import NIOCore

extension ByteBuffer {
  /// Copies the bytes into storage of their own when they are a small part of what they hold: a
  /// slice would keep a whole read buffer alive for as long as a slow peer likes.
  ///
  /// Storage of its own grows by doubling, and copying that again for every piece would cost the
  /// square of the message.
  package mutating func compact() {
    guard self.storageCapacity / 2 > self.readableBytes else { return }
    var copy = ByteBuffer()
    copy.writeImmutableBuffer(self)
    self = copy
  }
}
