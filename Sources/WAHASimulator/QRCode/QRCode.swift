internal import CQRencode
internal import NIOCore

/// A text as a QR code, by libqrencode.
struct QRCode {
  /// Modules on one side.
  let side: Int
  /// Row by row; true is dark.
  let modules: [Bool]

  /// Nil when the text is empty or too long.
  init?(_ text: String) {
    guard let code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M) else { return nil }
    defer { QRcode_free(code) }
    let side = Int(code.pointee.width)
    self.side = side
    // The lowest bit of each module is its colour.
    self.modules = (0..<side * side).map { code.pointee.data[$0] & 1 == 1 }
  }

  /// A picture with four pixels a module and a margin of four modules.
  func png() -> ByteBuffer? {
    let scale = 4
    let margin = 4
    let width = (self.side + 2 * margin) * scale
    var pixels = [UInt8](repeating: 255, count: width * width)
    for row in 0..<self.side {
      for column in 0..<self.side where self.modules[row * self.side + column] {
        for y in 0..<scale {
          let start = ((row + margin) * scale + y) * width + (column + margin) * scale
          for x in 0..<scale { pixels[start + x] = 0 }
        }
      }
    }
    return PNG.encode(pixels, width: width, height: width)
  }
}
