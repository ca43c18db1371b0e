internal import NIOCore

/// Who a connection comes from, as far as limits tell peers apart.
struct PeerAddress: Hashable, Sendable {
  private let prefix: UInt64
  private let isV4: Bool

  private init(prefix: UInt64, isV4: Bool) {
    self.prefix = prefix
    self.isV4 = isV4
  }

  init(v4 address: UInt32) {
    self.init(prefix: UInt64(address), isV4: true)
  }

  /// One who has an IPv6 address has the whole /64 around it. One that stands for an IPv4 address
  /// (RFC 4291, section 2.5.5.2) counts as that.
  init(v6 high: UInt64, _ low: UInt64) {
    if high == 0, low >> 32 == 0xffff {
      self.init(v4: UInt32(truncatingIfNeeded: low))
    } else {
      self.init(prefix: high, isV4: false)
    }
  }

  /// Nil for a Unix-domain socket.
  init?(_ address: SocketAddress?) {
    // Where `sin_addr` and `sin6_addr` are in their structures.
    switch address {
    case .v4(let address):
      let bytes = withUnsafeBytes(of: address.address) {
        $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
      }
      self.init(v4: UInt32(bigEndian: bytes))
    case .v6(let address):
      let (high, low) = withUnsafeBytes(of: address.address) {
        (
          $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
          $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        )
      }
      self.init(v6: UInt64(bigEndian: high), UInt64(bigEndian: low))
    case .unixDomainSocket, nil: return nil
    }
  }
}
