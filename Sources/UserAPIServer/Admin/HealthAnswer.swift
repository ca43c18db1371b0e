internal import NIOCore

/// What came back from a server that was asked how it is.
struct HealthAnswer: Sendable, Equatable {
  /// How much of a body is kept, in bytes: an admin port says less.
  static let maximumSize = 4_096

  var status: Int
  /// The first line of the body, fit for a terminal.
  var line: String

  init(status: Int, body: ByteBuffer) {
    let text = String(decoding: body.readableBytesView.prefix(Self.maximumSize), as: UTF8.self)
    let visible = text.prefix { !$0.isNewline }.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? "?" : Character(scalar)
    }
    self.status = status
    self.line = String(visible)
  }
}
