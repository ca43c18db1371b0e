package import AuthService

/// The files of TLS, read at start and on SIGHUP, and what clients' certificates prove.
package struct TLSSettings: Sendable, Equatable {
  static let certificateName = "USER_API_TLS_CERT"
  static let keyName = "USER_API_TLS_KEY"
  static let clientCAName = "USER_API_TLS_CLIENT_CA"
  static let clientServicesName = "USER_API_TLS_CLIENT_SERVICES"
  static let clientAuthName = "USER_API_TLS_CLIENT_AUTH"

  /// The path of the server's certificate and those that lead from it to its CA, in this order.
  package var certificate: String
  /// The path of the certificate's private key, not encrypted.
  package var key: String
  /// The path of the CAs that clients' certificates are verified with; nil when no client is
  /// asked for one.
  package var clientCA: String?
  /// The path of the table of services, in JSON; nil where certificates prove nothing.
  package var clientServices: String?
  /// What proves who calls. Default: `token`, and `either` with a table.
  package var clientAuth: ClientServices.Requirement

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
      self.clientServices = reader.text(Self.clientServicesName)
      self.clientAuth = try reader.value(
        Self.clientAuthName, default: self.clientServices == nil ? .token : .either,
        "must be token, either or both", ClientServices.Requirement.init(rawValue:))
      guard self.clientServices == nil || clientCA != nil else {
        throw SettingsError(
          name: Self.clientServicesName, problem: "needs \(Self.clientCAName) as well")
      }
      guard self.clientServices != nil || self.clientAuth == .token else {
        throw SettingsError(
          name: Self.clientAuthName, problem: "needs \(Self.clientServicesName) as well")
      }
    case (.some, nil):
      throw SettingsError(name: Self.certificateName, problem: "needs \(Self.keyName) as well")
    case (nil, .some):
      throw SettingsError(name: Self.keyName, problem: "needs \(Self.certificateName) as well")
    case (nil, nil):
      for name in [Self.clientCAName, Self.clientServicesName, Self.clientAuthName]
      where reader.text(name) != nil {
        throw SettingsError(
          name: name, problem: "needs \(Self.certificateName) and \(Self.keyName) as well")
      }
      return nil
    }
  }
}
