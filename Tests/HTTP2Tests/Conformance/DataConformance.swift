extension ConformanceCase {
  static let data = [
    ConformanceCase(
      "6.1: DATA on stream 0", .data(0, [1]), gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.1: padding as long as the payload", .open(1),
      .data(1, [5, 1, 2, 3, 4], flags: [.endStream, .padded]),
      gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "6.1: padding longer than the payload", .open(1),
      .data(1, [6, 1, 2, 3, 4], flags: [.endStream, .padded]),
      gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "6.1: padded without a length of the padding", .open(1),
      .data(1, [], flags: [.endStream, .padded]),
      gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "6.1: nothing but padding", .open(1),
      .data(1, [4, 0, 0, 0, 0], flags: [.endStream, .padded]), gives: .answered([1])),
    ConformanceCase(
      "6.1: no padding, but its length", .open(1),
      .data(1, [0, 1, 2], flags: [.endStream, .padded]), gives: .answered([1])),
    ConformanceCase(
      "6.1: empty DATA", .open(1), .data(1, []), .data(1, [], flags: .endStream),
      gives: .answered([1])),
  ]

  static let resets = [
    ConformanceCase(
      "6.4: RST_STREAM on stream 0", .reset(0, 8),
      gives: .connectionError(.protocolError)),
    ConformanceCase("6.4: RST_STREAM", .open(1), .reset(1, 8), gives: .ignored),
    ConformanceCase(
      "7: RST_STREAM with an unknown code", .open(1), .reset(1, 0xff),
      gives: .ignored),
    ConformanceCase("7: RST_STREAM with NO_ERROR", .open(1), .reset(1, 0), gives: .ignored),
  ]

  static let pings = [
    ConformanceCase(
      "6.7: PING on a stream",
      Frame(type: 0x6, stream: 1, payload: Frame.zeros(8)),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "5.4.1: the last stream before a broken PING", .request(1), .request(7),
      Frame(type: 0x6, stream: 3, payload: Frame.zeros(8)),
      gives: .connectionError(.protocolError, last: 7)),
    ConformanceCase(
      "6.7: an answer to a PING that never was",
      .ping([1, 2, 3, 4, 5, 6, 7, 8], flags: .ack), gives: .ignored),
  ]

  static let goAways = [
    ConformanceCase(
      "6.8: GOAWAY on a stream",
      Frame(type: 0x7, stream: 1, payload: Frame.zeros(8)),
      gives: .connectionError(.protocolError)),
    ConformanceCase("6.8: GOAWAY", .goAway(last: 0, 0), gives: .closed),
    ConformanceCase(
      "6.8: GOAWAY with a reason",
      Frame(type: 0x7, payload: Frame.zeros(8) + Array("so long".utf8)), gives: .closed),
    ConformanceCase("7: GOAWAY with an unknown code", .goAway(last: 0, 0xff), gives: .closed),
    ConformanceCase(
      "6.8: a request before GOAWAY is answered", steps: [.open(1)],
      [.goAway(last: 0, 0)], [.trailers(1)], gives: .closed),
  ]
}
