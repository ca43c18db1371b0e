internal import CQRencode

extension QRMatrix {
  /// The code that says this, as small as it can be; nil when the text is empty or too long for
  /// one.
  init?(saying text: String) {
    // The lowest level of correction: nothing comes between a screen and the phone.
    guard let code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L) else { return nil }
    defer { QRcode_free(code) }
    let size = Int(code.pointee.width)
    // The lowest bit of each module is its colour.
    self.init(size: size, modules: (0..<size * size).map { code.pointee.data[$0] & 1 == 1 })
  }
}
