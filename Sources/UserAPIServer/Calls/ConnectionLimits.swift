package import HTTP2
internal import NIOCore

/// What bounds the connections of the User API's port.
package struct ConnectionLimits: Sendable {
  package var session: SessionConfiguration = .defaults
  package var timeouts: ConnectionTimeouts = .none
  /// How many connections there may be. At that many, accepting pauses. Default: 16,384.
  package var maxConnections = 16_384
  /// How many of them from one address. More are refused with ENHANCE_YOUR_CALM. Default: 1,024.
  package var maxConnectionsPerAddress = 1_024
  /// What one connection may hold for its peer, in bytes. Default: 8 MiB.
  package var maxBufferedBytesPerConnection = 8 << 20
  /// What all connections may, in bytes. Default: 32 MiB.
  package var maxBufferedBytes = 32 << 20

  package static let defaults = Self()

  package init() {
    self.timeouts.handshake = .seconds(10)
    self.timeouts.header = .seconds(10)
    self.timeouts.idle = .minutes(5)
    self.timeouts.keepaliveInterval = .seconds(60)
    self.timeouts.keepaliveTimeout = .seconds(20)
    self.timeouts.writeStall = .seconds(20)
    self.timeouts.maxAge = .hours(1)
    self.timeouts.maxAgeGrace = .minutes(2)
  }

  var gate: ConnectionGate.Limits {
    ConnectionGate.Limits(
      connections: self.maxConnections, connectionsPerAddress: self.maxConnectionsPerAddress)
  }
}
