extension UserAPIClient {
  /// Where the server is and what bounds the calls.
  public struct Configuration: Sendable {
    /// The server: `http://host:port`, `https://host:port` for TLS, or `unix:/path` for a socket in
    /// the file system. Without a port, 80 or 443. Default: `http://127.0.0.1:8080`.
    public var url: String
    /// The bearer token that says who calls. Default: nil, and none is sent; without a certificate
    /// that says it instead, every procedure answers `TOKEN_MISSING`.
    public var token: String?
    /// The user for whom all calls are made, where the token or the certificate has the scope
    /// `act-as`; 1 to 255 bytes without spaces and control characters. For several users over one
    /// connection: ``UserAPIClient/acting(as:)``. Default: nil, and the calls are the caller's own.
    public var actAs: String?
    /// How long a call may take, from its beginning to the end of its response. The server is
    /// told. At most 115 days. Default: 30 s.
    public var timeout: Duration = .seconds(30)
    /// With what the server is trusted, and what the client shows it. Only for `https`.
    public var tls = TLS()
    /// How long making the connection may take, TLS included. Default: 5 s.
    public var connectTimeout: Duration = .seconds(5)
    /// The longest message of a response that is taken, in bytes; longer ones fail as
    /// `INVALID_RESPONSE`. Default: 64 MiB.
    public var maxResponseMessageBytes: Int = 64 << 20

    /// A configuration with the defaults.
    public init(url: String = "http://127.0.0.1:8080", token: String? = nil) {
      self.url = url
      self.token = token
    }

    /// The files of TLS, all in PEM; they are read when the client is made.
    ///
    /// The server's certificate is always verified, and so is that it is for the URL's host. Its
    /// version is 1.2 or 1.3, and the server has to agree on HTTP/2 by ALPN.
    public struct TLS: Sendable, Equatable {
      /// The path of the CAs that are trusted in place of the system's. Default: nil, the
      /// system's.
      public var caFile: String?
      /// The path of the client's certificate and those that lead from it to its CA. Default: nil,
      /// none; with it goes ``keyFile``.
      public var certificateFile: String?
      /// The path of the certificate's private key, without a passphrase. Default: nil.
      public var keyFile: String?

      /// The system's CAs, and no certificate.
      public init() {}
    }
  }
}

extension UserAPIClient.Configuration: CustomStringConvertible, CustomReflectable {
  /// Without the token.
  public var description: String {
    "\(self.url)\(self.token == nil ? "" : " with a token")"
  }

  /// Without the token.
  public var customMirror: Mirror {
    Mirror(
      self,
      children: [
        "url": self.url, "actAs": self.actAs as Any, "tls": self.tls, "timeout": self.timeout,
        "connectTimeout": self.connectTimeout,
        "maxResponseMessageBytes": self.maxResponseMessageBytes,
      ])
  }
}
