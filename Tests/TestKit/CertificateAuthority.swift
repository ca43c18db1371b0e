package import Foundation

/// A CA that the openssl program makes, and what it signs, as PEM files in a folder.
package struct CertificateAuthority: Sendable {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// The paths of a certificate and its key.
  package struct Files: Sendable {
    package let certificate: String
    package let key: String
  }

  private let folder: URL
  private let files: Files

  /// The path of the CA's own certificate.
  package var certificate: String { self.files.certificate }

  /// - Parameter name: Names the files, and the certificate's subject.
  package init(_ name: String, in folder: URL) async throws {
    self.folder = folder
    self.files = Files(
      certificate: folder.appending(path: "\(name).pem").path,
      key: folder.appending(path: "\(name).key").path)
    try await self.openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days",
      "2", "-subj", "/CN=\(name)", "-keyout", self.files.key, "-out", self.files.certificate)
  }

  /// Signs a certificate.
  ///
  /// - Parameters:
  ///   - name: Names the files, and is the subject's common name.
  ///   - names: The subject's alternative names in openssl's words, such as `DNS:localhost`.
  ///   - isRSA: Whether the key is an RSA key, or one of the curve P-256.
  package func issue(_ name: String, names: [String], isRSA: Bool = false) async throws -> Files {
    let files = Files(
      certificate: self.folder.appending(path: "\(name).pem").path,
      key: self.folder.appending(path: "\(name).key").path)
    let request = self.folder.appending(path: "\(name).csr").path
    let extensions = self.folder.appending(path: "\(name).cnf").path
    try Data("subjectAltName=\(names.joined(separator: ","))\n".utf8)
      .write(to: URL(fileURLWithPath: extensions))
    let key = isRSA ? ["rsa:2048"] : ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    try await self.openssl(
      ["req", "-newkey"] + key
        + ["-noenc", "-subj", "/CN=\(name)", "-keyout", files.key, "-out", request])
    try await self.openssl(
      ["x509", "-req", "-in", request, "-CA", self.files.certificate, "-CAkey", self.files.key]
        + ["-CAcreateserial", "-days", "2", "-out", files.certificate]
        + (names.isEmpty ? [] : ["-extfile", extensions]))
    return files
  }

  private func openssl(_ arguments: String...) async throws {
    try await self.openssl(arguments)
  }

  private func openssl(_ arguments: [String]) async throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let status = try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    guard status == 0 else {
      throw Failure(description: "openssl \(arguments.joined(separator: " ")): status \(status)")
    }
  }
}
