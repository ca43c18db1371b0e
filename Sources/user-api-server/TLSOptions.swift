internal import ArgumentParser

/// The files of TLS. A bad one is refused by its environment variable's name, as all settings are.
struct TLSOptions: ParsableArguments {
  @Option(
    help: """
      The server's certificate and those that lead to its CA, in PEM; with it, calls are taken \
      over TLS alone. Read again on SIGHUP, as the other two are. (env: USER_API_TLS_CERT)
      """)
  var tlsCert: String?

  @Option(help: "The certificate's private key, in PEM. (env: USER_API_TLS_KEY)")
  var tlsKey: String?

  @Option(
    help: """
      The CAs, in PEM, one of which must have signed a client's certificate, if the client has \
      one. (env: USER_API_TLS_CLIENT_CA)
      """)
  var tlsClientCa: String?

  @Option(
    help: """
      A table, in JSON, of whose clients' certificates are: by a URI or a DNS name the service and \
      its scopes. Read again on SIGHUP. (env: USER_API_TLS_CLIENT_SERVICES)
      """)
  var tlsClientServices: String?

  @Option(
    help: """
      What proves who calls: token, either (a token or a service's certificate) or both. (env: \
      USER_API_TLS_CLIENT_AUTH; default: either with a table, else token)
      """)
  var tlsClientAuth: String?

  var flags: [String: String] {
    var flags: [String: String] = [:]
    flags["USER_API_TLS_CERT"] = self.tlsCert
    flags["USER_API_TLS_KEY"] = self.tlsKey
    flags["USER_API_TLS_CLIENT_CA"] = self.tlsClientCa
    flags["USER_API_TLS_CLIENT_SERVICES"] = self.tlsClientServices
    flags["USER_API_TLS_CLIENT_AUTH"] = self.tlsClientAuth
    return flags
  }
}
