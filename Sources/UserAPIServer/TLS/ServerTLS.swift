internal import AuthService
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import NIOConcurrencyHelpers

/// TLS as the calls' port speaks it: 1.2 and 1.3, `h2` alone, and for 1.2 nothing that RFC 9113
/// prohibits (section 9.2). Its files can be read anew; connections keep what they began with.
final class ServerTLS: Sendable {
  /// How long a peer has to answer the end of TLS before the socket is closed under it.
  private static let shutdownTimeout: TimeAmount = .seconds(1)

  /// How much of the memory for encrypted bytes a connection keeps, in bytes.
  private static let keptOutboundBytes = 8 << 10

  /// Those of TLS 1.2. All agree on a key of their own for each connection and authenticate what
  /// they encrypt; BoringSSL has neither compression nor, for servers, renegotiation.
  private static let cipherSuites: [NIOTLSCipher] = [
    .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  ]

  let settings: TLSSettings
  private let logger: Logger
  /// What new connections begin with.
  private let context: NIOLockedValueBox<NIOSSLContext>

  /// Reads the files.
  ///
  /// - Throws: ``SettingsError``, which names the setting whose file is bad.
  init(settings: TLSSettings, logger: Logger) throws(SettingsError) {
    self.settings = settings
    self.logger = logger
    self.context = NIOLockedValueBox(try Self.context(settings))
  }

  /// Reads the files again, for new connections. Blocks on the disk.
  ///
  /// - Throws: As ``init(settings:logger:)``; the old certificate stays then.
  func reload() throws(SettingsError) {
    let context = try Self.context(self.settings)
    self.context.withLockedValue { $0 = context }
  }

  /// Puts TLS in front of what is added to the channel afterwards, on its event loop.
  ///
  /// - Parameter onCertificate: Called before the first byte of HTTP/2, when the client presented
  ///   a certificate.
  func addHandlers(
    to channel: any Channel, onCertificate: @escaping (ClientCertificate) -> Void
  ) throws {
    let context = self.context.withLockedValue { $0 }
    var configuration = NIOSSLHandler.Configuration()
    configuration.maximumPreservedOutboundBufferCapacity = Self.keptOutboundBytes
    try channel.pipeline.syncOperations.addHandlers(
      NIOSSLServerHandler(context: context, configuration: configuration),
      TLSGate(logger: self.logger, onCertificate: onCertificate))
  }

  private static func context(_ settings: TLSSettings) throws(SettingsError) -> NIOSSLContext {
    let chain = try Self.certificates(settings.certificate, TLSSettings.certificateName)
    let key: NIOSSLPrivateKey
    do { key = try NIOSSLPrivateKey(file: settings.key, format: .pem) } catch {
      throw SettingsError(
        name: TLSSettings.keyName,
        problem: "the file has no private key in PEM, or one with a passphrase")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.cipherSuiteValues = Self.cipherSuites
    configuration.applicationProtocols = ["h2"]
    configuration.shutdownTimeout = Self.shutdownTimeout
    if let path = settings.clientCA {
      configuration.trustRoots = .certificates(
        try Self.certificates(path, TLSSettings.clientCAName))
      configuration.certificateVerification = .optionalVerification
      configuration.sendCANameList = true
    }
    do { return try NIOSSLContext(configuration: configuration) } catch {
      throw SettingsError(
        name: TLSSettings.keyName,
        problem: "is not the key of the first certificate of \(TLSSettings.certificateName)")
    }
  }

  private static func certificates(
    _ path: String, _ setting: String
  ) throws(SettingsError) -> [NIOSSLCertificate] {
    do {
      let certificates = try NIOSSLCertificate.fromPEMFile(path)
      if !certificates.isEmpty { return certificates }
    } catch {
      // Below, with those that have none.
    }
    throw SettingsError(name: setting, problem: "the file has no certificates in PEM")
  }
}
