package import NIOCore

/// One call at the client, from the response's headers to its end envelope.
package struct ClientCallMachine: ~Copyable {
  private enum State: ~Copyable {
    /// The response's headers have not come.
    case waiting
    /// They have, and the body is framed.
    case receiving(EnvelopeDecoder)
    /// The end envelope has come.
    case ended
    /// The outcome is known; what still comes does not matter.
    case finished
  }

  package enum OnData: Equatable {
    case messages([ByteBuffer])
    /// The call is over, with these messages before its end; nil is success.
    case end([ByteBuffer], UserAPIError?)
    case fail(UserAPIError)
  }

  package enum OnClosed: Equatable {
    case none
    case fail(UserAPIError)
  }

  private let maximumLength: Int
  private var state: State

  /// - Parameter maximumLength: The longest message to take, in bytes.
  package init(maximumLength: Int) {
    self.init(.waiting, maximumLength: maximumLength)
  }

  private init(_ state: consuming State, maximumLength: Int) {
    self.state = state
    self.maximumLength = maximumLength
  }

  /// - Returns: The error that the response is, if it is no answer of a User API server; nil when
  ///   its body is to be read.
  package mutating func receivedHead(status: Int, contentType: String?) -> UserAPIError? {
    switch consume self.state {
    case .waiting:
      guard !(100..<200).contains(status) else {
        // An informational response (RFC 9110, section 15.2); the answer is yet to come.
        self = Self(.waiting, maximumLength: self.maximumLength)
        return nil
      }
      guard contentType.flatMap(ContentType.init(header:))?.isFramed == true else {
        self = Self(.finished, maximumLength: self.maximumLength)
        return Self.foreignAnswer(status: status)
      }
      self = Self(
        .receiving(EnvelopeDecoder(maximumLength: self.maximumLength)),
        maximumLength: self.maximumLength)
      return nil
    case .receiving(let decoder):
      // Trailers, of which this protocol has none, are ignored.
      self = Self(.receiving(decoder), maximumLength: self.maximumLength)
      return nil
    case .ended:
      self = Self(.ended, maximumLength: self.maximumLength)
      return nil
    case .finished:
      self = Self(.finished, maximumLength: self.maximumLength)
      return nil
    }
  }

  package mutating func receivedData(_ bytes: ByteBuffer) -> OnData {
    switch consume self.state {
    case .receiving(var decoder):
      decoder.append(bytes)
      var messages: [ByteBuffer] = []
      do throws(UserAPIError) {
        while let envelope = try decoder.next() {
          if envelope.flags.contains(.compressed) {
            throw UserAPIError(.invalidResponse, "the server compressed without being asked")
          }
          if envelope.flags.contains(.endOfResponse) {
            let outcome = try Self.outcome(of: envelope.payload)
            self = Self(.ended, maximumLength: self.maximumLength)
            return .end(messages, outcome)
          }
          messages.append(envelope.payload)
        }
      } catch {
        self = Self(.finished, maximumLength: self.maximumLength)
        return .fail(UserAPIError(.invalidResponse, error.message, cause: error))
      }
      self = Self(.receiving(decoder), maximumLength: self.maximumLength)
      return .messages(messages)
    case .waiting:
      preconditionFailure("libnghttp2 delivered data before the response's headers")
    case .ended:
      self = Self(.ended, maximumLength: self.maximumLength)
      return .messages([])
    case .finished:
      self = Self(.finished, maximumLength: self.maximumLength)
      return .messages([])
    }
  }

  /// The response's body ended, or the stream was reset or lost.
  package mutating func closed(_ error: UserAPIError?) -> OnClosed {
    switch consume self.state {
    case .waiting:
      self = Self(.finished, maximumLength: self.maximumLength)
      return .fail(error ?? Self.incomplete)
    case .receiving:
      self = Self(.finished, maximumLength: self.maximumLength)
      return .fail(error ?? Self.incomplete)
    case .ended:
      self = Self(.finished, maximumLength: self.maximumLength)
      return .none
    case .finished:
      self = Self(.finished, maximumLength: self.maximumLength)
      return .none
    }
  }

  private static var incomplete: UserAPIError {
    UserAPIError(.invalidResponse, "the response ended before its end envelope")
  }

  private static func outcome(of payload: ByteBuffer) throws(UserAPIError) -> UserAPIError? {
    let end = try JSONReader.readObject(payload)
    switch end["error"] {
    case nil, .null: return nil
    case .object(let object): return UserAPIError(object: object)
    case .bool, .integer, .number, .string, .array:
      throw UserAPIError(.invalidResponse, "the end envelope's error is no object")
    }
  }

  private static func foreignAnswer(status: Int) -> UserAPIError {
    switch status {
    case 502, 503, 504:
      UserAPIError(.connectionFailed, "a proxy answered with HTTP \(status)")
    default:
      UserAPIError(
        .invalidResponse, "the answer is not a User API server's (HTTP \(status))")
    }
  }
}
