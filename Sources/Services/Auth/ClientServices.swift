internal import UserAPI

/// Which clients' certificates are whose: an operator's table of names and services.
package struct ClientServices: Sendable {
  /// What proves who calls.
  package enum Requirement: String, Sendable {
    /// A bearer token. A certificate stands beside it and proves nothing.
    case token
    /// A bearer token or, where a request has none, the certificate of a service.
    case either
    /// Both. The token says who calls, who may do no more than the certificate allows as well.
    case both
  }

  package let requirement: Requirement
  private let identities: [String: Identity]

  /// No certificate is anybody's.
  package static let none = Self(requirement: .token, services: [:])

  /// - Parameter services: By the URI or the DNS name of a certificate, the service whose it is and
  ///   what it may do.
  package init(requirement: Requirement, services: [String: (id: String, scopes: Scopes?)]) {
    self.requirement = requirement
    self.identities = [String: Identity](
      uniqueKeysWithValues: services.map { name, service in
        (
          name,
          Identity(
            id: service.id, role: .service, scopes: service.scopes,
            proof: .certificate(name: name))
        )
      })
  }

  /// Whose it is: the first of its URIs that is in the table says so, or else the first DNS name. Nil
  /// for one that is nobody's, or has ended.
  func identity(of certificate: ClientCertificate?, at now: Timestamp) -> Identity? {
    guard !self.identities.isEmpty, let certificate, now <= certificate.expiresAt else {
      return nil
    }
    // A URI has a colon and a DNS name has none: neither stands for the other.
    let names =
      certificate.uriNames.filter { $0.utf8.contains(UInt8(ascii: ":")) }
      + certificate.dnsNames.filter { !$0.utf8.contains(UInt8(ascii: ":")) }
    return names.lazy.compactMap { self.identities[$0] }.first
  }
}
