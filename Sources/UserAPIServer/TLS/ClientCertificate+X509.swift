internal import AuthService
internal import Foundation
internal import SwiftASN1
internal import UserAPI
internal import X509

extension ClientCertificate {
  struct Expired: Error {}

  /// Reads a certificate that was verified.
  ///
  /// - Throws: What of it cannot be read; ``Expired`` for one that was verified in an earlier
  ///   connection, which this one resumes, and has ended since.
  init(der: [UInt8], now: Date = Date()) throws {
    let certificate = try Certificate(derEncoded: der)
    guard certificate.notValidAfter >= now else { throw Expired() }
    var uriNames: [String] = []
    var dnsNames: [String] = []
    if let names = try certificate.extensions.subjectAlternativeNames {
      for name in names {
        switch name {
        case .uniformResourceIdentifier(let name) where name.isVisibleASCII: uriNames.append(name)
        case .dnsName(let name) where name.isVisibleASCII: dnsNames.append(name)
        // Of the others none names a service; and a name with more in it is no name.
        default: break
        }
      }
    }
    let commonName = certificate.subject.lazy.flatMap { $0 }
      .last { $0.type == .RDNAttributeType.commonName }
    self.init(
      uriNames: uriNames, dnsNames: dnsNames, commonName: commonName.flatMap { String($0.value) },
      expiresAt: Timestamp(
        millisecondsSinceEpoch: Int64(certificate.notValidAfter.timeIntervalSince1970 * 1_000)))
  }
}

extension String {
  fileprivate var isVisibleASCII: Bool {
    !self.isEmpty && self.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }
}
