internal import HTTP2
internal import NIOCore
internal import NIOSSL
internal import UserAPI

/// TLS as the client speaks it: 1.2 and 1.3, `h2` alone, the server's name always verified.
struct ClientTLS: Sendable {
  /// How long the server has to answer the end of TLS before the socket is closed under it.
  private static let shutdownTimeout: TimeAmount = .seconds(2)

  private let context: NIOSSLContext
  /// What the server's certificate must be for; nil for an IP address, which is verified as the
  /// socket has it.
  private let serverName: String?

  /// Reads the files. Nil for an address without TLS, and nothing is read then.
  ///
  /// - Throws: `INVALID_FIELD`, which names the file that is bad.
  init?(
    _ files: UserAPIClient.Configuration.TLS, address: ServerAddress
  ) throws(UserAPIError) {
    guard case .host(let host, _, isTLS: true) = address else { return nil }
    self.serverName = Self.serverName(host)
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["h2"]
    configuration.shutdownTimeout = Self.shutdownTimeout
    if let path = files.caFile {
      configuration.trustRoots = .certificates(try Self.certificates(path, "tls.caFile"))
    }
    switch (files.certificateFile, files.keyFile) {
    case (let certificate?, let key?):
      configuration.certificateChain = try Self.certificates(certificate, "tls.certificateFile")
        .map { .certificate($0) }
      configuration.privateKey = .privateKey(try Self.key(key))
    case (nil, nil):
      break
    case (.some, nil):
      throw UserAPIError(.invalidField, "tls.keyFile: the certificate needs one")
    case (nil, .some):
      throw UserAPIError(.invalidField, "tls.certificateFile: the key needs one")
    }
    do { self.context = try NIOSSLContext(configuration: configuration) } catch {
      throw UserAPIError(
        .invalidField, "tls.keyFile: is not the key of the first certificate", cause: error)
    }
  }

  private static func certificates(
    _ path: String, _ field: String
  ) throws(UserAPIError) -> [NIOSSLCertificate] {
    do {
      let certificates = try NIOSSLCertificate.fromPEMFile(path)
      if !certificates.isEmpty { return certificates }
    } catch {
      // Below, with those that have none.
    }
    throw UserAPIError(.invalidField, "\(field): no certificates in PEM in \(path)")
  }

  private static func key(_ path: String) throws(UserAPIError) -> NIOSSLPrivateKey {
    do { return try NIOSSLPrivateKey(file: path, format: .pem) } catch {
      throw UserAPIError(
        .invalidField,
        "tls.keyFile: no private key in PEM, or one with a passphrase, in \(path)")
    }
  }

  private static func serverName(_ host: String) -> String? {
    if host.contains(":") { return nil }
    do {
      _ = try SocketAddress(ipAddress: host, port: 0)
      return nil
    } catch {
      // No address: a name, in certificates without the dot that may end it.
      return host.hasSuffix(".") ? String(host.dropLast()) : host
    }
  }

  // MARK: Connections

  /// Puts TLS into a new channel, on its event loop; `handler` follows once it is agreed.
  ///
  /// - Parameter deadline: When the handshake must be over.
  func addHandlers(
    to channel: any Channel, inFrontOf handler: HTTP2ConnectionHandler, deadline: NIODeadline
  ) throws {
    try channel.pipeline.syncOperations.addHandlers(
      NIOSSLClientHandler(context: self.context, serverHostname: self.serverName),
      TLSHandshake(handler: handler, eventLoop: channel.eventLoop, deadline: deadline))
  }

  /// Done when the channel speaks HTTP/2 over TLS; fails when it never will.
  func handshake(on channel: any Channel) -> EventLoopFuture<any Channel> {
    do {
      return try channel.pipeline.syncOperations.handler(type: TLSHandshake.self).completed
        .map { channel }
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
  }

  private static let noHTTP2 = "the server did not agree on HTTP/2 (ALPN h2)"

  /// What went wrong, for a person; nil when it was not TLS.
  static func reason(_ error: any Error) -> String? {
    switch error {
    case is TLSHandshake.NoHTTP2:
      return Self.noHTTP2
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      return "the server's certificate is for another host"
    case NIOSSLError.handshakeFailed(.sslError(let stack)):
      let word = Self.word(stack)
      if word == "CERTIFICATE_VERIFY_FAILED" { return "the server's certificate is not trusted" }
      if word.hasSuffix("NO_APPLICATION_PROTOCOL") { return Self.noHTTP2 }
      return "the TLS handshake failed (\(word))"
    case BoringSSLError.sslError(let stack):
      // With TLS 1.3 this is how a server refuses a client's certificate.
      return "TLS failed (\(Self.word(stack)))"
    default:
      return nil
    }
  }

  /// BoringSSL's word for a failure, without the place in its source.
  private static func word(_ stack: NIOBoringSSLErrorStack) -> String {
    let text = stack.first?.description ?? "no reason"
    guard let library = text.firstRange(of: "OPENSSL_internal:") else { return text }
    return String(text[library.upperBound...].prefix { $0 != " " })
  }
}
