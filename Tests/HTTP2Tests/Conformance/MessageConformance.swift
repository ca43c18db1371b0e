extension ConformanceCase {
  private static func length(_ value: String) -> [(String, String)] {
    [("content-length", value)]
  }

  static let messages = [
    ConformanceCase(
      "8.1: a GET",
      .headers(1, [(":method", "GET")] + Frame.fields()[1...], flags: .whole),
      gives: .answered([1])),
    ConformanceCase(
      "8.1: a HEAD",
      .headers(1, [(":method", "HEAD")] + Frame.fields()[1...], flags: .whole),
      gives: .answered([1])),
    ConformanceCase(
      "8.1: a body", .open(1), .data(1, [1]), .data(1, [2], flags: .endStream),
      gives: .answered([1])),
    ConformanceCase(
      "8.1: trailers", .open(1, [("trailer", "a")]), .data(1, [1]),
      .trailers(1, [("a", "b")]), gives: .answered([1])),
    ConformanceCase("8.1: trailers without a body", .open(1), .trailers(1), gives: .answered([1])),
    ConformanceCase("8.1: empty trailers", .open(1), .block(1, []), gives: .answered([1])),
    ConformanceCase(
      "8.1: trailers without END_STREAM", .open(1), .data(1, [1]),
      .trailers(1, flags: .endHeaders), gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1: a second request on the stream, without END_STREAM", .open(1), .open(1),
      gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1: what follows trailers without END_STREAM", .open(1),
      .trailers(1, flags: .endHeaders), .data(1, [1]), .trailers(1),
      gives: .streamError(1, .protocolError)),

    ConformanceCase(
      "8.1.1: a body as long as said", .open(1, Self.length("3")), .data(1, [1]),
      .data(1, [2, 3], flags: .endStream), gives: .answered([1])),
    ConformanceCase(
      "8.1.1: a body as long as said, but for the padding",
      .open(1, Self.length("2")), .data(1, [3, 1, 2, 0, 0, 0], flags: [.endStream, .padded]),
      gives: .answered([1])),
    ConformanceCase(
      "8.1.1: a body as long as said, and trailers", .open(1, Self.length("1")),
      .data(1, [1]), .trailers(1), gives: .answered([1])),
    ConformanceCase(
      "8.1.1: no body, as said", .request(1, Self.length("0")), gives: .answered([1])),
    ConformanceCase(
      "8.1.1: a longer body than said", .open(1, Self.length("1")),
      .data(1, [1, 2], flags: .endStream), gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1.1: a longer body than said, in several DATA", .open(1, Self.length("1")),
      .data(1, [1]), .data(1, [2], flags: .endStream), gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1.1: a longer body than said, and it goes on", .open(1, Self.length("1")),
      .data(1, [1]), .data(1, [2]), .data(1, [3]), .trailers(1),
      gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1.1: a shorter body than said", .open(1, Self.length("3")),
      .data(1, [1, 2], flags: .endStream), gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1.1: a shorter body than said, in several DATA", .open(1, Self.length("3")),
      .data(1, [1]), .data(1, [], flags: .endStream), gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1.1: a shorter body than said, and trailers", .open(1, Self.length("3")),
      .data(1, [1]), .trailers(1), gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1.1: a body is said and none comes", .request(1, Self.length("1")),
      gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1.1: a negative length", .request(1, Self.length("-1")),
      gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1.1: a length that is no number", .request(1, Self.length("a")),
      gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1.1: an empty length", .request(1, Self.length("")),
      gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1.1: a length beyond 64 bits", .open(1, Self.length("99999999999999999999")),
      gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1.1: two lengths", .open(1, Self.length("1") + Self.length("2")),
      .data(1, [1], flags: .endStream), gives: .streamError(1, .protocolError)),
  ]

  static let extensions = [
    ConformanceCase(
      "4.1: an unknown frame", Frame(type: 0x16, payload: Frame.zeros(8)),
      gives: .ignored),
    ConformanceCase(
      "5.5: an unknown frame with flags on an idle stream",
      Frame(type: 0xbb, flags: .all, stream: 7, payload: [1]), gives: .ignored),
    ConformanceCase(
      "5.5: an unknown frame on an open stream", .open(1),
      Frame(type: 0xbb, stream: 1, payload: [1]), .trailers(1), gives: .answered([1])),
    ConformanceCase(
      "5.5: an unknown frame on a closed stream", steps: [.request(1)],
      [Frame(type: 0xbb, stream: 1, payload: [1])], gives: .answered([1])),
    // ALTSVC, ORIGIN, PRIORITY_UPDATE.
    ConformanceCase(
      "5.5: frames of extensions that are not in use",
      Frame(type: 0xa, payload: [0, 0]), Frame(type: 0xc, payload: []),
      Frame(type: 0x10, payload: [0, 0, 0, 1]), gives: .ignored),
    ConformanceCase(
      "4.1: undefined flags on SETTINGS", Frame(type: 0x4, flags: .undefined),
      gives: .ignored),
    ConformanceCase(
      "4.1: undefined flags on WINDOW_UPDATE",
      Frame(type: 0x8, flags: .all, payload: [0, 0, 0, 1]), gives: .ignored),
    ConformanceCase(
      "4.1: undefined flags on PRIORITY",
      Frame(type: 0x2, flags: .all, stream: 1, payload: Frame.zeros(5)), gives: .ignored),
    ConformanceCase(
      "4.1: undefined flags on RST_STREAM", .open(1),
      Frame(type: 0x3, flags: .all, stream: 1, payload: Frame.zeros(4)), gives: .ignored),
    ConformanceCase(
      "4.1: undefined flags on an answer to a PING",
      .ping([1, 2, 3, 4, 5, 6, 7, 8], flags: .all), gives: .ignored),
    ConformanceCase(
      "4.1: undefined flags on a request",
      .request(1, flags: [.whole, .init(rawValue: 0xd2)]), gives: .answered([1])),
    ConformanceCase(
      "4.1: undefined flags on DATA", .open(1),
      .data(1, [1], flags: [.endStream, .init(rawValue: 0xf6)]), gives: .answered([1])),
    ConformanceCase(
      "4.1: the reserved bit of stream 0 is ignored",
      Frame(type: 0x8, stream: 0x8000_0000, payload: [0x80, 0, 0, 1]), gives: .ignored),
  ]
}

extension Frame.Flags {
  /// All that SETTINGS and PING have no meaning for.
  fileprivate static let undefined = Self(rawValue: 0xfe)
}
