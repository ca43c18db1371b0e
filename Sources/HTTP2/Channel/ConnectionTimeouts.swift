package import NIOCore

/// For how long a peer may keep a connection waiting, by kind. Nil stands for ever.
package struct ConnectionTimeouts: Sendable {
  /// From the connection's beginning to the peer's preface; with TLS its handshake counts as well.
  package var handshake: TimeAmount?
  /// From the beginning of a header block to its end.
  package var header: TimeAmount?
  /// Without any open stream.
  package var idle: TimeAmount?
  /// Without a byte from the peer, before it is sent a PING.
  package var keepaliveInterval: TimeAmount?
  /// From that PING to any byte from the peer.
  package var keepaliveTimeout: TimeAmount?
  /// While something waits for the peer, be it for its windows or its socket, and nothing leaves.
  package var writeStall: TimeAmount?
  /// From the connection's beginning to its drain. Each connection's own is up to a tenth shorter,
  /// so that those that began together do not end together.
  package var maxAge: TimeAmount?
  /// From that to the reset of the streams that are still open.
  package var maxAgeGrace: TimeAmount?

  /// No bounds: for clients, whose calls have deadlines.
  package static let none = Self()

  package init() {}
}
