import AuthService
import Foundation
import TestKit
import Testing

@testable import UserAPIServer

@Suite struct ClientCertificateTests {
  /// The DER of a certificate that openssl made.
  private func der(names: [String]) async throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    let files = try await CertificateAuthority("ca", in: folder).issue("billing", names: names)
    let base64 = try String(contentsOfFile: files.certificate, encoding: .utf8)
      .split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
    return Array(try #require(Data(base64Encoded: base64)))
  }

  @Test func `its URIs, DNS names and common name are read, in order`() async throws {
    let der = try await self.der(names: [
      "DNS:a.internal", "URI:spiffe://example.org/b", "IP:127.0.0.1", "DNS:c.internal",
      "URI:spiffe://example.org/d", "email:e@example.org",
    ])
    let certificate = try ClientCertificate(der: der)
    #expect(certificate.uriNames == ["spiffe://example.org/b", "spiffe://example.org/d"])
    #expect(certificate.dnsNames == ["a.internal", "c.internal"])
    #expect(certificate.commonName == "billing")
    #expect(certificate.logName == "spiffe://example.org/b")
  }

  @Test func `one without alternative names has its common name, which is in no log`() async throws
  {
    let certificate = try ClientCertificate(der: try await self.der(names: []))
    #expect(certificate.uriNames.isEmpty)
    #expect(certificate.dnsNames.isEmpty)
    #expect(certificate.commonName == "billing")
    #expect(certificate.logName == nil)
  }

  @Test func `one that has ended is refused, as a resumed connection may bring it`() async throws {
    let der = try await self.der(names: ["DNS:a.internal"])
    #expect(throws: ClientCertificate.Expired.self) {
      try ClientCertificate(der: der, now: .now.addingTimeInterval(4 * 86_400))
    }
  }

  @Test func `what is no certificate is refused`() {
    #expect(throws: (any Error).self) { try ClientCertificate(der: [0x30, 0x00]) }
  }
}
