extension ConformanceCase {
  private static let magic = Array(Frame.magic.utf8)
  /// The header of a frame without payload.
  private static func empty(type: UInt8, flags: UInt8 = 0) -> [UInt8] {
    [0, 0, 0, type, flags, 0, 0, 0, 0]
  }

  static let preface = [
    ConformanceCase(
      "3.4: HTTP/1.1", opening: Array("GET / HTTP/1.1\r\nhost: example.test\r\n\r\n".utf8),
      gives: .closed),
    ConformanceCase(
      "3.4: a magic that ends wrong", opening: Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\rX".utf8),
      gives: .closed),
    ConformanceCase("3.4: nothing like a magic", opening: Frame.zeros(24), gives: .closed),
    ConformanceCase(
      "3.4: HEADERS before SETTINGS", opening: Self.magic + Self.empty(type: 0x1, flags: 0x5),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "3.4: a PING before SETTINGS", opening: Self.magic, gives: .connectionError(.protocolError)),
    ConformanceCase(
      "3.4: an acknowledgement before SETTINGS",
      opening: Self.magic + Self.empty(type: 0x4, flags: 0x1),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "3.4: an unknown frame before SETTINGS", opening: Self.magic + Self.empty(type: 0xbb),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "3.4: a request right behind the preface, before the server's SETTINGS are known",
      opening: Self.magic + Self.empty(type: 0x4), then: .request(1), gives: .answered([1])),
  ]
}
