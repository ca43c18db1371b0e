extension ConformanceCase {
  static let streamStates = [
    ConformanceCase(
      "5.1 idle: DATA", .data(1, [1], flags: .endStream),
      gives: .connectionError(.protocolError)),
    ConformanceCase("5.1 idle: RST_STREAM", .reset(1, 8), gives: .connectionError(.protocolError)),
    ConformanceCase(
      "5.1 idle: WINDOW_UPDATE", .windowUpdate(1, 100),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "5.1 idle: CONTINUATION", .continuation(1, Frame.fields(), flags: .endHeaders),
      gives: .connectionError(.protocolError)),
    ConformanceCase("5.1 idle: PRIORITY", .priority(1), gives: .ignored),
    ConformanceCase(
      "5.1 idle: DATA on a stream that only PRIORITY has named", .priority(1),
      .data(1, [1]), gives: .connectionError(.protocolError)),
    ConformanceCase(
      "5.1 idle: DATA above the streams that were used", .request(1), .data(3, [1]),
      gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "5.1 idle: RST_STREAM on a stream of the server's", .reset(2, 8),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "5.1 idle: WINDOW_UPDATE on a stream of the server's", .windowUpdate(2, 1),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "5.1 idle: DATA on a stream of the server's", .data(2, [1]),
      gives: .connectionError(.protocolError)),

    // Stream errors (5.1) made connection errors (5.4.1).
    ConformanceCase(
      "5.1 half-closed: DATA", .request(1, path: "/hold"), .data(1, [1]),
      gives: .connectionError(.streamClosed, last: 1)),
    ConformanceCase(
      "5.1 half-closed: empty DATA", .request(1, path: "/hold"),
      .data(1, [], flags: .endStream), gives: .connectionError(.streamClosed, last: 1)),
    ConformanceCase(
      "5.1 half-closed: DATA after DATA that ended the stream",
      .open(1, path: "/hold"), .data(1, [1], flags: .endStream), .data(1, [1]),
      gives: .connectionError(.streamClosed, last: 1)),
    ConformanceCase(
      "5.1 half-closed: HEADERS", .request(1, path: "/hold"), .request(1),
      gives: .connectionError(.streamClosed, last: 1)),
    ConformanceCase(
      "5.1 half-closed: HEADERS after trailers", .open(1, path: "/hold"),
      .trailers(1), .trailers(1), gives: .connectionError(.streamClosed, last: 1)),
    ConformanceCase(
      "5.1 half-closed: CONTINUATION", .request(1, path: "/hold"),
      .continuation(1, [], flags: .endHeaders), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "5.1 half-closed: WINDOW_UPDATE", .request(1, path: "/hold"),
      .windowUpdate(1, 1), gives: .ignored),
    ConformanceCase(
      "5.1 half-closed: PRIORITY", .request(1, path: "/hold"), .priority(1),
      gives: .ignored),
    ConformanceCase(
      "5.1 half-closed: RST_STREAM", .request(1, path: "/hold"), .reset(1, 8),
      gives: .ignored),

    ConformanceCase(
      "5.1 closed by both: DATA", steps: [.request(1)], [.data(1, [1])],
      gives: .connectionError(.streamClosed, last: 1)),
    ConformanceCase(
      "5.1 closed by both: HEADERS", steps: [.request(1)], [.request(1)],
      gives: .connectionError(.streamClosed, last: 1)),
    ConformanceCase(
      "5.1 closed by both: HEADERS on one of many",
      steps: [.request(1), .request(3), .request(5), .request(7)], [.request(3)],
      gives: .connectionError(.streamClosed, last: 7)),
    ConformanceCase(
      "5.1 closed by both: HEADERS on one long gone",
      steps: [.request(1)], [.request(3)], [.request(5)], [.request(1)],
      gives: .connectionError(.streamClosed, last: 5)
    ).allowing(streams: 1),
    ConformanceCase(
      "5.1 closed by both: DATA on one of many",
      steps: [.request(1), .request(3), .request(5), .request(7)],
      [.open(9), .data(9, [1]), .data(3, [1])],
      gives: .connectionError(.streamClosed, last: 9)),
    ConformanceCase(
      "5.1 closed by both: DATA inside a header block", steps: [.request(1)],
      [.request(3, flags: .endStream), .data(1, [1])],
      gives: .connectionError(.protocolError, last: 3)),
    ConformanceCase(
      "5.1 closed by both: CONTINUATION", steps: [.request(1)],
      [.continuation(1, [], flags: .endHeaders)], gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "5.1 closed by both: WINDOW_UPDATE", steps: [.request(1)],
      [.windowUpdate(1, 1)], gives: .answered([1])),
    ConformanceCase(
      "5.1 closed by both: RST_STREAM", steps: [.request(1)], [.reset(1, 8)],
      gives: .answered([1])),
    ConformanceCase(
      "5.1 closed by both: PRIORITY", steps: [.request(1)], [.priority(1)],
      gives: .answered([1])),

    ConformanceCase(
      "5.1 reset by the client: DATA", .open(1), .reset(1, 8), .data(1, [1]),
      gives: .connectionError(.streamClosed, last: 1)),
    ConformanceCase(
      "5.1 reset by the client: HEADERS", .open(1), .reset(1, 8), .request(1),
      gives: .connectionError(.streamClosed, last: 1)),
    ConformanceCase(
      "5.1 reset by the client: HEADERS on one long gone",
      steps: [.open(1), .reset(1, 8)], [.request(3)], [.request(5)], [.trailers(1)],
      gives: .connectionError(.streamClosed, last: 5)
    ).allowing(streams: 1),
    ConformanceCase(
      "5.1 reset by the client: DATA on one long gone",
      steps: [.open(1), .reset(1, 8)], [.request(3)], [.request(5)], [.data(1, [1])],
      gives: .connectionError(.streamClosed, last: 5)),
    ConformanceCase(
      "5.1 reset by the client: CONTINUATION", .open(1), .reset(1, 8),
      .continuation(1, [], flags: .endHeaders), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "5.1 reset by the client: WINDOW_UPDATE", .open(1), .reset(1, 8),
      .windowUpdate(1, 1), gives: .ignored),
    ConformanceCase(
      "5.1 reset by the client: RST_STREAM", .open(1), .reset(1, 8), .reset(1, 8),
      gives: .ignored),
    ConformanceCase(
      "5.1 reset by the client: PRIORITY", .open(1), .reset(1, 8), .priority(1),
      gives: .ignored),

    // The client could not know yet.
    ConformanceCase(
      "5.1 reset by the server: DATA", steps: [.open(1, path: "/reset")],
      [.data(1, [1]), .data(1, [1], flags: .endStream)], gives: .streamError(1, .cancel)),
    ConformanceCase(
      "5.1 reset by the server: DATA at once", .open(1, path: "/reset"),
      .data(1, [1]), .data(1, [1], flags: .endStream), gives: .streamError(1, .cancel)),
    ConformanceCase(
      "5.1 reset by the server: trailers", steps: [.open(1, path: "/reset")],
      [.trailers(1)], gives: .streamError(1, .cancel)),
    ConformanceCase(
      "5.1 reset by the server: trailers at once", .open(1, path: "/reset"),
      .trailers(1), gives: .streamError(1, .cancel)),
    ConformanceCase(
      "5.1 reset by the server: trailers of one long gone",
      steps: [.open(1, path: "/reset")], [.request(3)], [.request(5)], [.trailers(1)],
      gives: .streamError(1, .cancel)
    ).allowing(streams: 1),
    ConformanceCase(
      "5.1 reset by the server: WINDOW_UPDATE", steps: [.open(1, path: "/reset")],
      [.windowUpdate(1, 1)], gives: .streamError(1, .cancel)),
    ConformanceCase(
      "5.1 reset by the server: RST_STREAM", steps: [.open(1, path: "/reset")],
      [.reset(1, 8)], gives: .streamError(1, .cancel)),
    ConformanceCase(
      "5.1 reset by the server after the request's end: HEADERS",
      steps: [.request(1, path: "/reset")], [.trailers(1)],
      gives: .connectionError(.streamClosed, last: 1)),
    // What is ignored enters the compression table all the same (4.3).
    ConformanceCase(
      "5.1 reset by the server: trailers that fill the compression table",
      steps: [.open(1, path: "/reset")],
      [.block(1, [0x40, 1, 0x61, 1, 0x62])],
      // Entry 62 is `a: b`; were it not there, this would be a compression error.
      [.block(3, Frame.literal(Frame.fields()) + [0xbe])], gives: .streamError(1, .cancel)),
  ]
}
