/// The files of TLS: all in PEM, read at start and on SIGHUP.
package struct TLSSettings: Sendable, Equatable {
  static let certificateName = "USER_API_TLS_CERT"
  static let keyName = "USER_API_TLS_KEY"
  static let clientCAName = "USER_API_TLS_CLIENT_CA"

  /// The path of the server's certificate and those that lead from it to its CA, in this order.
  package var certificate: String
  /// The path of the certificate's private key, not encrypted.
  package var key: String
  /// The path of the CAs that clients' certificates are verified with; nil when no client is
  /// asked for one.
  package var clientCA: String?

  /// Nil when there is to be no TLS.
  init?(_ reader: SettingsReader, listen: ListenAddress) throws(SettingsError) {
    let certificate = reader.text(Self.certificateName)
    let key = reader.text(Self.keyName)
    let clientCA = reader.text(Self.clientCAName)
    switch (certificate, key) {
    case (let certificate?, let key?):
      if case .unix = listen {
        throw SettingsError(
          name: Self.certificateName, problem: "there is no TLS on a unix socket")
      }
      self.certificate = certificate
      self.key = key
      self.clientCA = clientCA
    case (.some, nil):
      throw SettingsError(name: Self.certificateName, problem: "needs \(Self.keyName) as well")
    case (nil, .some):
      throw SettingsError(name: Self.keyName, problem: "needs \(Self.certificateName) as well")
    case (nil, nil):
      guard clientCA == nil else {
        throw SettingsError(
          name: Self.clientCAName,
          problem: "needs \(Self.certificateName) and \(Self.keyName) as well")
      }
      return nil
    }
  }
}
