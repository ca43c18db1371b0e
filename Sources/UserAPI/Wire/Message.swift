package import NIOCore

/// What stands in an envelope: the JSON of a request or a reply.
package protocol Message {
  /// - Throws: `MALFORMED_JSON` or `INVALID_FIELD`, which names the field.
  init(json: JSONValue) throws(UserAPIError)
  func write(to writer: inout JSONWriter)
}

extension Message {
  package init(buffer: ByteBuffer) throws(UserAPIError) {
    try self.init(json: try JSONReader.read(buffer))
  }

  package func encoded() -> ByteBuffer {
    var writer = JSONWriter()
    self.write(to: &writer)
    return writer.buffer
  }
}

/// A message that is a JSON object.
package protocol ObjectMessage: Message {
  init(object: JSONObject) throws(UserAPIError)
  func writeMembers(to writer: inout JSONWriter)
}

extension ObjectMessage {
  package init(json: JSONValue) throws(UserAPIError) {
    guard case .object(let object) = json else {
      throw UserAPIError(.malformedJSON, "the message must be a JSON object")
    }
    try self.init(object: object)
  }

  package func write(to writer: inout JSONWriter) {
    writer.object { self.writeMembers(to: &$0) }
  }
}

/// The input of a procedure that has none. Its keys, if any, are ignored.
package struct NoInput: ObjectMessage {
  package init() {}
  package init(object: JSONObject) {}
  package func writeMembers(to writer: inout JSONWriter) {}
}

extension Optional: Message where Wrapped: Message {
  package init(json: JSONValue) throws(UserAPIError) {
    self = json == .null ? nil : try Wrapped(json: json)
  }

  package func write(to writer: inout JSONWriter) {
    switch self {
    case .some(let message): message.write(to: &writer)
    case .none: writer.null()
    }
  }
}
