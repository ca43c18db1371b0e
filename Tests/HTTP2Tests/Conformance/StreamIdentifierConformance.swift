extension ConformanceCase {
  static let streamIdentifiers = [
    ConformanceCase(
      "5.1.1: HEADERS on stream 0", .request(0),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "5.1.1: HEADERS on an even stream", .request(2),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "5.1.1: HEADERS below a stream that was used", .request(5), .request(3),
      gives: .connectionError(.protocolError, last: 5)),
    ConformanceCase(
      "5.1.1: HEADERS below streams that are closed",
      steps: [.request(5)], [.request(9)], [.request(3)],
      gives: .connectionError(.protocolError, last: 9)),
    ConformanceCase(
      "5.1.1: HEADERS between streams that were used",
      steps: [.request(1), .request(3), .request(9), .request(11)], [.request(7)],
      gives: .connectionError(.protocolError, last: 11)),
    ConformanceCase(
      "5.1.1: HEADERS with CONTINUATION below a stream that was used", .request(5),
      .request(3, flags: .endStream), .continuation(3, [], flags: .endHeaders),
      gives: .connectionError(.protocolError, last: 5)),
    ConformanceCase(
      "5.1.1: padded HEADERS below a stream that was used", .request(5),
      .block(3, [1] + Frame.literal(Frame.fields()) + [0], flags: [.whole, .padded]),
      gives: .connectionError(.protocolError, last: 5)),
    ConformanceCase(
      "5.1.1: streams may be left out", .request(1), .request(9), .request(0x77),
      gives: .answered([1, 9, 0x77])),
    ConformanceCase(
      "5.1.1: trailers on the lower of two open streams", .open(1), .open(5),
      .trailers(5), .trailers(1), gives: .answered([5, 1])),
    ConformanceCase(
      "5.1.1: the highest stream that there is", .request(0x7ff0_0001, path: "/hold"),
      .reset(0x7ff0_0001, 8), .request(0x7fff_ffff), .request(0x7fff_fffd),
      gives: .connectionError(.protocolError, last: 0x7fff_ffff)),
    // Closed, not idle; what is closed may be ignored (5.1).
    ConformanceCase(
      "5.1.1: RST_STREAM on a stream that was left out", .request(5), .reset(3, 8),
      gives: .answered([5])),
    ConformanceCase(
      "5.1.1: WINDOW_UPDATE on a stream that was left out", .request(5),
      .windowUpdate(3, 1), gives: .answered([5])),
    ConformanceCase(
      "5.1.1: DATA on a stream that was left out", .request(5, path: "/hold"), .data(3, [1]),
      gives: .connectionError(.streamClosed, last: 5)),
    ConformanceCase(
      "4.1: the reserved bit of the stream is ignored", .request(0x8000_0001),
      gives: .answered([1])),
  ]

  static let concurrency = [
    // A stream error (5.1.2) made a connection error (5.4.1).
    ConformanceCase(
      "5.1.2: more streams than allowed", .open(1), .open(3), .open(5),
      gives: .connectionError(.protocolError, last: 3)
    ).allowing(streams: 2),
    ConformanceCase(
      "5.1.2: as many streams as allowed", .open(1), .open(3),
      .trailers(3), .trailers(1), gives: .answered([3, 1])
    ).allowing(streams: 2),
    ConformanceCase(
      "5.1.2: streams that have ended do not count",
      steps: [.request(1)], [.request(3)], [.open(5), .reset(5, 8), .request(7)],
      gives: .answered([1, 3, 7])
    ).allowing(streams: 1),
    ConformanceCase(
      "5.1.2: more streams than allowed before the client knew of a limit",
      opening: Array(Frame.magic.utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0],
      then: .open(1, path: "/hold"), .open(3), .data(3, [1]), .trailers(3), .reset(1, 8),
      gives: .streamError(3, .refusedStream)
    ).allowing(streams: 1),
  ]
}
