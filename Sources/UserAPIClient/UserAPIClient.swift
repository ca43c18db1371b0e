internal import NIOCore
public import UserAPI

/// A client of the User API: one connection over HTTP/2, shared by all calls.
///
/// The connection is made by the first call and made anew by the next call after its loss. A call
/// that certainly never reached the server is tried once more; nothing else is. A call fails with
/// a `UserAPIError`: the server's own, or one of
/// - `CONNECTION_FAILED`: the server could not be reached, was lost during the call, or the client
///   is closed;
/// - `DEADLINE_EXCEEDED`: the time given by ``Configuration/timeout`` is over;
/// - `CANCELED`: the task that made the call was cancelled;
/// - `INVALID_RESPONSE`: what came is no whole answer of a User API server.
///
/// A stream of messages, as ``watchSession(_:)`` and ``linkSession(_:)`` give it, is not bounded by that time. It fails as
/// `CONNECTION_FAILED` when the server, which lets hear of itself every few seconds, is silent for a
/// minute.
///
/// When the time is over or the task is cancelled, the server is told to stop as well.
///
/// A client that is no longer used is closed with ``close()``; ``withClient(configuration:_:)``
/// does so by itself.
public final class UserAPIClient: Sendable {
  private let connections: Connections
  private let clock: any CallClock
  private let authorization: String?
  private let actAs: ActAs?
  private let timeout: Duration
  private let maxResponseMessageBytes: Int

  /// Makes a client. Connects when the first call is made, not here.
  ///
  /// - Throws: `INVALID_FIELD` when the URL is none of those that ``Configuration/url`` allows
  ///   or a file of ``Configuration/TLS`` is bad, `TOKEN_INVALID` when the token has characters
  ///   that no token has, and `INVALID_ACT_AS` when ``Configuration/actAs`` is no user's id.
  public convenience init(configuration: Configuration) throws(UserAPIError) {
    try self.init(configuration: configuration, clock: EventLoopClock())
  }

  init(configuration: Configuration, clock: any CallClock) throws(UserAPIError) {
    if let token = configuration.token {
      guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw UserAPIError(.tokenInvalid, "the token is empty or has characters that no token has")
      }
    }
    if let user = configuration.actAs {
      self.actAs = try ActAs(user)
    } else {
      self.actAs = nil
    }
    let address = try ServerAddress(url: configuration.url)
    self.connections = Connections(
      address: address, tls: try ClientTLS(configuration.tls, address: address),
      connectTimeout: configuration.connectTimeout)
    self.clock = clock
    self.authorization = configuration.token.map { "Bearer \($0)" }
    self.timeout = configuration.timeout
    self.maxResponseMessageBytes = configuration.maxResponseMessageBytes
  }

  private init(_ other: UserAPIClient, actAs: ActAs?, timeout: Duration) {
    self.connections = other.connections
    self.clock = other.clock
    self.authorization = other.authorization
    self.actAs = actAs
    self.timeout = timeout
    self.maxResponseMessageBytes = other.maxResponseMessageBytes
  }

  /// The same client, on the same connection, whose calls have another time limit.
  ///
  /// Closing either closes both.
  ///
  /// - Parameter timeout: As ``Configuration/timeout``.
  public func with(timeout: Duration) -> UserAPIClient {
    UserAPIClient(self, actAs: self.actAs, timeout: timeout)
  }

  /// The same client, on the same connection, whose calls are made for a user: for services that
  /// serve many. It costs next to nothing, so make one for each call rather than keep them.
  ///
  /// Closing either closes both, so close the one that the others came of; none needs another to
  /// be kept. The connection carries as many calls at once as the server allows, streams among
  /// them, and more wait for their turn.
  ///
  /// - Parameter user: As ``Configuration/actAs``, in whose place it stands.
  /// - Throws: `INVALID_ACT_AS` when it is no user's id.
  public func acting(as user: String) throws(UserAPIError) -> UserAPIClient {
    UserAPIClient(self, actAs: try ActAs(user), timeout: self.timeout)
  }

  /// Closes the client: calls that were made are answered, later ones fail as
  /// `CONNECTION_FAILED`. Returns when the connection is closed, which takes at most as long as
  /// the calls may still take. Safe to repeat.
  public func close() async {
    await self.connections.close()
  }

  /// Gives `body` a client, and closes it afterwards.
  ///
  /// - Throws: What ``init(configuration:)`` throws, and what `body` throws. Untyped, because Swift
  ///   does not infer a typed error for a closure of several statements.
  public static func withClient<Value>(
    configuration: Configuration,
    _ body: (UserAPIClient) async throws -> Value
  ) async throws -> Value {
    let client = try UserAPIClient(configuration: configuration)
    do {
      let value = try await body(client)
      await client.close()
      return value
    } catch {
      await client.close()
      throw error
    }
  }

  // MARK: Calls

  /// Calls any procedure, also one that this version does not know.
  ///
  /// - Parameters:
  ///   - procedure: The procedure's name, such as `getSessionStatus`.
  ///   - json: The input, a JSON object. The server checks it, not the client.
  /// - Returns: The output, which is JSON, as the server wrote it; of a response of several
  ///   messages the first.
  public func call(_ procedure: String, json: String) async throws(UserAPIError) -> String {
    var message = ByteBuffer()
    message.writeString(json)
    let response = try await self.response(
      to: ByteBuffer(envelope: message), path: Procedure.pathPrefix + procedure.percentEncoded,
      patience: .whole(self.timeout))
    defer { response.giveUp() }
    guard let message = try await response.next() else { throw Self.noMessage }
    // An error may still follow, and without its end the response is none.
    _ = try await response.next()
    return String(buffer: message)
  }

  /// Calls a procedure whose response is one message.
  func unary<Reply: Message>(
    _ procedure: Procedure, _ request: some Message, reply: Reply.Type = Reply.self
  ) async throws(UserAPIError) -> Reply {
    var body = ByteBuffer()
    body.writeEnvelope { request.write(to: &$0) }
    let response = try await self.response(
      to: body, path: procedure.path, patience: .whole(self.timeout))
    defer { response.giveUp() }
    guard let message = try await response.next() else { throw Self.noMessage }
    guard try await response.next() == nil else {
      throw UserAPIError(.invalidResponse, "the response has more than one message")
    }
    return try Self.understood { () throws(UserAPIError) in try Reply(buffer: message) }
  }

  /// Calls a procedure whose response is any number of messages.
  func stream<Reply: ObjectMessage & Sendable>(
    _ procedure: Procedure, _ request: some Message, reply: Reply.Type = Reply.self
  ) async throws(UserAPIError) -> MessageStream<Reply> {
    var body = ByteBuffer()
    body.writeEnvelope { request.write(to: &$0) }
    let reader = ResponseReader(
      try await self.response(
        to: body, path: procedure.path, patience: .silence(Self.longestSilence)))
    return MessageStream { () async throws(UserAPIError) -> Reply? in
      while let message = try await reader.call.next() {
        let reply = try Self.understood { () throws(UserAPIError) -> Reply? in
          let object = try JSONReader.readObject(message)
          // An empty one says only that the server is there.
          return object.members.isEmpty ? nil : try Reply(object: object)
        }
        if let reply { return reply }
      }
      return nil
    }
  }

  private static func understood<Reply>(
    _ read: () throws(UserAPIError) -> Reply
  ) throws(UserAPIError) -> Reply {
    do throws(UserAPIError) {
      return try read()
    } catch {
      throw UserAPIError(
        .invalidResponse, "the response makes no sense: \(error.message)", cause: error)
    }
  }

  /// Makes a call. Its response is a stream of messages, which whoever reads them gives up.
  func response(
    to body: ByteBuffer, path: String, patience: Call.Patience
  ) async throws(UserAPIError) -> Call {
    guard !Task.isCancelled else { throw Call.canceled }
    let call = Call(
      Call.Request(
        scheme: self.connections.address.scheme, authority: self.connections.address.authority,
        path: path, authorization: self.authorization, actAs: self.actAs, body: body,
        patience: patience, maxResponseMessageBytes: self.maxResponseMessageBytes),
      connections: self.connections, clock: self.clock)
    call.start()
    return call
  }

  /// For how long a server may be silent within a stream: four times what it is silent for.
  private static let longestSilence: Duration = .seconds(60)

  private static let noMessage = UserAPIError(.invalidResponse, "the response has no message")
}

/// Gives its call up when nobody reads it any more.
private final class ResponseReader: Sendable {
  let call: Call

  init(_ call: Call) {
    self.call = call
  }

  deinit {
    self.call.giveUp()
  }
}

extension ByteBuffer {
  /// An envelope around a message that is encoded already.
  fileprivate init(envelope message: ByteBuffer) {
    self.init()
    self.writeInteger(Envelope.Flags().rawValue)
    self.writeInteger(UInt32(clamping: message.readableBytes))
    self.writeImmutableBuffer(message)
  }
}

extension String {
  /// With everything but letters, digits and `-._~` encoded (RFC 3986, section 2.3).
  fileprivate var percentEncoded: String {
    var text = ""
    for byte in self.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        text += byte < 0x10 ? "%0" : "%"
        text += String(byte, radix: 16, uppercase: true)
      }
    }
    return text
  }
}
