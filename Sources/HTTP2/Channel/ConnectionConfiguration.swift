/// What bounds a server's connection.
package struct ConnectionConfiguration {
  package var session: SessionConfiguration
  /// Default: ``ConnectionTimeouts/none``.
  package var timeouts: ConnectionTimeouts
  /// How many bytes may wait for the peer: bodies that it has not read, and requests that are not
  /// whole. What comes on top is for the streams to refuse. Default: 8 MiB.
  package var maxBufferedBytes = 8 << 20
  /// The same for all connections that share it. Default: none.
  package var budget: BufferBudget?
  /// Hears of every limit that the peer goes beyond. Default: nobody.
  package var onLimitExceeded: (ConnectionLimit) -> Void = { _ in }

  package static var defaults: Self { Self() }

  package init(session: SessionConfiguration = .defaults, timeouts: ConnectionTimeouts = .none) {
    self.session = session
    self.timeouts = timeouts
  }
}
