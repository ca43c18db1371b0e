extension UserAPIClient {
  /// Where the server is and what bounds the calls.
  public struct Configuration: Sendable {
    /// The server: `http://host:port`, or `unix:/path` for a socket in the file system. Without a
    /// port, 80. Default: `http://127.0.0.1:8080`.
    public var url: String
    /// The bearer token that says who calls. Default: nil, and every procedure answers
    /// `TOKEN_MISSING`.
    public var token: String?
    /// How long a call may take, from its beginning to the end of its response. The server is
    /// told. At most 115 days. Default: 30 s.
    public var timeout: Duration = .seconds(30)
    /// How long making the connection may take. Default: 5 s.
    public var connectTimeout: Duration = .seconds(5)
    /// The longest message of a response that is taken, in bytes; longer ones fail as
    /// `INVALID_RESPONSE`. Default: 64 MiB.
    public var maxResponseMessageBytes: Int = 64 << 20

    /// A configuration with the defaults.
    public init(url: String = "http://127.0.0.1:8080", token: String? = nil) {
      self.url = url
      self.token = token
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
        "url": self.url, "timeout": self.timeout, "connectTimeout": self.connectTimeout,
        "maxResponseMessageBytes": self.maxResponseMessageBytes,
      ])
  }
}
