/// An error inside the server that reaches the caller as the 500 with request echo and stack.
package struct ServerException: Sendable, Equatable, Decodable {
  package var message: String
  /// For throttling: 429.
  package var data: JSON?
  package var name: String

  package init(_ message: String, data: JSON? = nil, name: String = "Error") {
    self.message = message
    self.data = data
    self.name = name
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.message = try container.decode(String.self, forKey: .message)
    self.data = try container.decodeIfPresent(JSON.self, forKey: .data)
    self.name = try container.decodeIfPresent(String.self, forKey: .name) ?? "Error"
  }

  private enum CodingKeys: CodingKey {
    case message, data, name
  }

  static let pageHung = Self(
    "Runtime.callFunctionOn timed out. Increase the 'protocolTimeout' setting in launch/connect "
      + "calls for a higher timeout if needed.", name: "ProtocolError")

  static func lockTimeout(_ name: String) -> Self {
    Self("async-lock timed out in queue \(name)")
  }
}
