package import UserAPI

/// Whose certificate it is that a connection's client presented, and the server verified.
package struct ClientCertificate: Sendable, Equatable {
  /// The URIs of its subject alternative names, such as `spiffe://example.org/billing`, in order.
  package let uriNames: [String]
  /// The DNS names of its subject alternative names, in order.
  package let dnsNames: [String]
  /// The last common name of its subject; nil when it has none.
  package let commonName: String?
  /// The last moment of its validity.
  package let expiresAt: Timestamp

  package init(
    uriNames: [String], dnsNames: [String], commonName: String?, expiresAt: Timestamp
  ) {
    self.uriNames = uriNames
    self.dnsNames = dnsNames
    self.commonName = commonName
    self.expiresAt = expiresAt
  }

  /// What logs call it: the first URI, or else the first DNS name, as far as that is not too long. A
  /// common name, which may be a person's, is in no log.
  package var logName: String? {
    (self.uriNames.first ?? self.dnsNames.first).map { String($0.prefix(255)) }
  }
}
