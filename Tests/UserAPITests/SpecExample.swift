import NIOCore
import Testing
import UserAPI

/// A body in hexadecimal from proto-spec.md, section 4, with the JSON beside it.
struct SpecExample: Sendable {
  enum Kind: String, Sendable { case request, response }

  var kind: Kind
  var procedure: Procedure
  var contentType: ContentType
  var body: ByteBuffer
  /// The JSON below the block: each message, and the end where there is one.
  var json: [String]
  /// The reason with which it is refused.
  var refusal: ErrorReason?
  var status: Int?
  var messages: Int?
  var line: Int

  static func all(_ kind: Kind, refused: Bool) throws -> [SpecExample] {
    try Self.all(in: SpecFile.read()).filter {
      $0.kind == kind && ($0.refusal != nil) == refused
    }
  }

  static func all(in spec: SpecFile) throws -> [SpecExample] {
    var examples: [SpecExample] = []
    for (index, block) in spec.blocks.enumerated() where block.info.first == "hex" {
      let following = spec.blocks.dropFirst(index + 1).first
      let json = following?.info == ["json"] ? following?.lines : nil
      examples.append(try SpecExample(block, json: json ?? []))
    }
    return examples
  }

  private init(_ block: SpecFile.Block, json: [String]) throws {
    try #require(block.info.count >= 4, "line \(block.line)")
    self.kind = try #require(Kind(rawValue: block.info[1]))
    self.procedure = try #require(Procedure(rawValue: block.info[2]))
    self.contentType = try Self.contentType(block.info[3])
    self.body = try ByteBuffer(hex: block.lines.joined(separator: " "))
    self.json = json
    self.line = block.line
    for option in block.info.dropFirst(4) {
      let parts = option.split(separator: "=").map(String.init)
      try #require(parts.count == 2)
      switch parts[0] {
      case "refused": self.refusal = ErrorReason(rawValue: parts[1])
      case "status": self.status = Int(parts[1])
      case "messages": self.messages = Int(parts[1])
      default: Issue.record("line \(block.line): unknown option \(option)")
      }
    }
  }

  private static func contentType(_ word: String) throws -> ContentType {
    switch word {
    case "framed": .userAPI
    case "connect": .connect
    case "bare": .json
    default: throw UserAPIError(.unsupportedContentType, word)
    }
  }
}

extension SpecExample: CustomTestStringConvertible {
  var testDescription: String { "line \(self.line)" }
}
