internal import ArgumentParser

/// What clients may cost the server (README, "On a hostile network").
struct LimitOptions: ParsableArguments {
  @Option(
    help: """
      How many connections there may be; at that many accepting pauses. (env: \
      USER_API_MAX_CONNECTIONS; default: 16384)
      """)
  var maxConnections: String?

  @Option(
    help: """
      How many of them from one address (of IPv6 from one /64). (env: \
      USER_API_MAX_CONNECTIONS_PER_ADDRESS; default: 1024)
      """)
  var maxConnectionsPerAddress: String?

  @Option(
    help: """
      How many calls at once on a connection. (env: USER_API_MAX_STREAMS; default: 256)
      """)
  var maxStreams: String?

  @Option(
    help: """
      The longest request message. (env: USER_API_MAX_MESSAGE_SIZE; default: 1MiB)
      """)
  var maxMessageSize: String?

  @Option(
    help: """
      The longest header block, as HTTP/2 counts it. (env: USER_API_MAX_HEADER_LIST_SIZE; \
      default: 16KiB)
      """)
  var maxHeaderListSize: String?

  @Option(
    help: """
      How many fields a header block may have. (env: USER_API_MAX_HEADER_FIELDS; default: \
      100)
      """)
  var maxHeaderFields: String?

  @Option(
    help: """
      How many CONTINUATION frames a header block may have. (env: \
      USER_API_MAX_CONTINUATIONS; default: 8)
      """)
  var maxContinuations: String?

  @Option(
    help: """
      What a connection may hold: responses not read, requests not whole. (env: \
      USER_API_MAX_BUFFERED_PER_CONNECTION; default: 8MiB)
      """)
  var maxBufferedPerConnection: String?

  @Option(
    help: """
      The same for all connections together. (env: USER_API_MAX_BUFFERED; default: 32MiB)
      """)
  var maxBuffered: String?

  @Option(
    help: """
      Resets on a connection, received and sent: a burst, and how many a second. (env: \
      USER_API_RESET_LIMIT; default: 500/50)
      """)
  var resetLimit: String?

  @Option(
    help: """
      PING frames. (env: USER_API_PING_LIMIT; default: 100/10)
      """)
  var pingLimit: String?

  @Option(
    help: """
      SETTINGS frames. (env: USER_API_SETTINGS_LIMIT; default: 50/5)
      """)
  var settingsLimit: String?

  @Option(
    help: """
      PRIORITY frames. (env: USER_API_PRIORITY_LIMIT; default: 500/50)
      """)
  var priorityLimit: String?

  @Option(
    help: """
      WINDOW_UPDATE frames. (env: USER_API_WINDOW_UPDATE_LIMIT; default: 2000/200)
      """)
  var windowUpdateLimit: String?

  @Option(
    help: """
      DATA frames that carry next to nothing. (env: USER_API_SMALL_DATA_LIMIT; default: \
      2000/200)
      """)
  var smallDataLimit: String?

  @Option(
    help: """
      Frames of an unknown type. (env: USER_API_UNKNOWN_FRAME_LIMIT; default: 100/10)
      """)
  var unknownFrameLimit: String?

  @Option(
    help: """
      From accept to the client's preface; 0s, here and below, for no limit. (env: \
      USER_API_HANDSHAKE_TIMEOUT; default: 10s)
      """)
  var handshakeTimeout: String?

  @Option(
    help: """
      From the first byte of a header block to its last. (env: USER_API_HEADER_TIMEOUT; \
      default: 10s)
      """)
  var headerTimeout: String?

  @Option(
    help: """
      From a request's headers to its last byte. (env: USER_API_BODY_TIMEOUT; default: \
      20s)
      """)
  var bodyTimeout: String?

  @Option(
    help: """
      For how long a connection may be open without a call. (env: USER_API_IDLE_TIMEOUT; \
      default: 5m)
      """)
  var idleTimeout: String?

  @Option(
    help: """
      How long a client may be silent before it is sent a PING. (env: \
      USER_API_KEEPALIVE_INTERVAL; default: 60s)
      """)
  var keepaliveInterval: String?

  @Option(
    help: """
      How long it may then go on being silent. (env: USER_API_KEEPALIVE_TIMEOUT; default: \
      20s)
      """)
  var keepaliveTimeout: String?

  @Option(
    help: """
      For how long a client may read nothing of what waits for it. (env: \
      USER_API_WRITE_STALL_TIMEOUT; default: 20s)
      """)
  var writeStallTimeout: String?

  @Option(
    help: """
      After what time a connection is drained, so that callers spread anew. (env: \
      USER_API_MAX_CONNECTION_AGE; default: 1h)
      """)
  var maxConnectionAge: String?

  @Option(
    help: """
      How long its calls may then go on. (env: USER_API_MAX_CONNECTION_AGE_GRACE; default: \
      2m)
      """)
  var maxConnectionAgeGrace: String?

  @Option(
    help: """
      Calls of one caller that read a session: a burst, and how many a second; none, here and below, \
      for no limit. (env: USER_API_READ_LIMIT; default: 2000/1000)
      """)
  var readLimit: String?

  @Option(
    help: """
      Calls of one caller that change a session. (env: USER_API_WRITE_LIMIT; default: 60/5)
      """)
  var writeLimit: String?

  @Option(
    help: """
      Pages of groups and contacts for one caller. (env: USER_API_LIST_LIMIT; default: 200/50)
      """)
  var listLimit: String?

  @Option(
    help: """
      Tokens from one address that were looked up and not valid. (env: \
      USER_API_FAILED_AUTH_LIMIT; default: 100/10)
      """)
  var failedAuthLimit: String?

  var flags: [String: String] {
    let flags: [String: String?] = [
      "USER_API_READ_LIMIT": self.readLimit,
      "USER_API_WRITE_LIMIT": self.writeLimit,
      "USER_API_LIST_LIMIT": self.listLimit,
      "USER_API_FAILED_AUTH_LIMIT": self.failedAuthLimit,
      "USER_API_MAX_CONNECTIONS": self.maxConnections,
      "USER_API_MAX_CONNECTIONS_PER_ADDRESS": self.maxConnectionsPerAddress,
      "USER_API_MAX_STREAMS": self.maxStreams,
      "USER_API_MAX_MESSAGE_SIZE": self.maxMessageSize,
      "USER_API_MAX_HEADER_LIST_SIZE": self.maxHeaderListSize,
      "USER_API_MAX_HEADER_FIELDS": self.maxHeaderFields,
      "USER_API_MAX_CONTINUATIONS": self.maxContinuations,
      "USER_API_MAX_BUFFERED_PER_CONNECTION": self.maxBufferedPerConnection,
      "USER_API_MAX_BUFFERED": self.maxBuffered,
      "USER_API_RESET_LIMIT": self.resetLimit,
      "USER_API_PING_LIMIT": self.pingLimit,
      "USER_API_SETTINGS_LIMIT": self.settingsLimit,
      "USER_API_PRIORITY_LIMIT": self.priorityLimit,
      "USER_API_WINDOW_UPDATE_LIMIT": self.windowUpdateLimit,
      "USER_API_SMALL_DATA_LIMIT": self.smallDataLimit,
      "USER_API_UNKNOWN_FRAME_LIMIT": self.unknownFrameLimit,
      "USER_API_HANDSHAKE_TIMEOUT": self.handshakeTimeout,
      "USER_API_HEADER_TIMEOUT": self.headerTimeout,
      "USER_API_BODY_TIMEOUT": self.bodyTimeout,
      "USER_API_IDLE_TIMEOUT": self.idleTimeout,
      "USER_API_KEEPALIVE_INTERVAL": self.keepaliveInterval,
      "USER_API_KEEPALIVE_TIMEOUT": self.keepaliveTimeout,
      "USER_API_WRITE_STALL_TIMEOUT": self.writeStallTimeout,
      "USER_API_MAX_CONNECTION_AGE": self.maxConnectionAge,
      "USER_API_MAX_CONNECTION_AGE_GRACE": self.maxConnectionAgeGrace,
    ]
    return flags.compactMapValues { $0 }
  }
}
