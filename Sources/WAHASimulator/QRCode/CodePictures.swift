internal import NIOCore
internal import NIOConcurrencyHelpers

/// The picture of each session's present code, drawn once.
final class CodePictures: Sendable {
  private struct Picture {
    var text: String
    var png: ByteBuffer
  }

  private let pictures = NIOLockedValueBox<[String: Picture]>([:])

  /// Nil when the text cannot be drawn.
  func picture(of text: String, for session: String) -> ByteBuffer? {
    let drawn = self.pictures.withLockedValue { $0[session] }
    if let drawn, drawn.text == text { return drawn.png }
    guard let png = QRCode(text)?.png() else { return nil }
    self.pictures.withLockedValue { $0[session] = Picture(text: text, png: png) }
    return png
  }

  func forget(_ session: String) {
    self.pictures.withLockedValue { $0[session] = nil }
  }
}
