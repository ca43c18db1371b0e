extension ConformanceCase {
  private static let block = Frame.literal(Frame.fields())

  static let headerBlocks = [
    ConformanceCase(
      "4.3: CONTINUATION", .request(1, flags: .endStream),
      .continuation(1, [("a", "b")], flags: []), .continuation(1, [("c", "d")], flags: .endHeaders),
      gives: .answered([1])),
    ConformanceCase(
      "4.3: an empty HEADERS and all in CONTINUATION", .block(1, [], flags: .endStream),
      .continuation(1, Frame.fields(), flags: .endHeaders), gives: .answered([1])),
    ConformanceCase(
      "4.3: trailers in CONTINUATION", .open(1), .block(1, [], flags: .endStream),
      .continuation(1, [("a", "b")], flags: .endHeaders), gives: .answered([1])),
    ConformanceCase(
      "6.10: CONTINUATION after END_HEADERS", .request(1, path: "/hold"),
      .continuation(1, [("a", "b")], flags: .endHeaders),
      gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "6.10: CONTINUATION after CONTINUATION with END_HEADERS",
      .request(1, path: "/hold", flags: .endStream), .continuation(1, [], flags: .endHeaders),
      .continuation(1, [], flags: .endHeaders), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "6.10: CONTINUATION after DATA", .open(1), .data(1, [1]),
      .continuation(1, [], flags: .endHeaders), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "6.10: CONTINUATION on stream 0", .request(1, flags: .endStream),
      .continuation(0, [], flags: .endHeaders), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "6.10: CONTINUATION on stream 0 without HEADERS",
      .continuation(0, [], flags: .endHeaders), gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.10: CONTINUATION of another stream", .request(1, flags: .endStream),
      .continuation(3, [], flags: .endHeaders), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "4.3: PRIORITY inside a header block", .request(1, flags: .endStream),
      .priority(1), .continuation(1, [], flags: .endHeaders),
      gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "4.3: PING inside a header block", .request(1, flags: .endStream),
      .ping(Frame.zeros(8)), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "4.3: SETTINGS inside a header block", .request(1, flags: .endStream),
      .settings([:]), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "4.3: DATA inside a header block", .request(1, flags: .endStream),
      .data(1, [1]), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "4.3: DATA behind CONTINUATION inside a header block",
      .request(1, flags: .endStream), .continuation(1, [("a", "b")], flags: []), .data(1, [1]),
      gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "4.3: HEADERS of another stream inside a header block",
      .request(1, flags: .endStream), .request(3), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "4.3: HEADERS of the same stream inside a header block",
      .request(1, flags: .endStream), .request(1), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "5.5: an unknown frame inside a header block", .request(1, flags: .endStream),
      Frame(type: 0xbb, payload: Frame.zeros(8)), gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "4.3: a frame inside a header block that is ignored",
      steps: [.open(1, path: "/reset")],
      [.trailers(1, flags: .endStream), .ping(Frame.zeros(8))],
      gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "6.2: padded HEADERS", .block(1, [3] + Self.block + [0, 0, 0], flags: [.whole, .padded]),
      gives: .answered([1])),
    ConformanceCase(
      "6.2: padded HEADERS with a priority",
      .block(
        1, [3] + Frame.dependency(on: 0) + Self.block + [0, 0, 0],
        flags: [.whole, .padded, .priority]),
      gives: .answered([1])),
    ConformanceCase(
      "6.2: padding that leaves nothing of the block",
      .block(1, [4, 0x82, 0x86, 0x84, 0x41], flags: [.whole, .padded]),
      gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "6.2: padding longer than the payload",
      .block(1, [UInt8(Self.block.count + 1)] + Self.block, flags: [.whole, .padded]),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.2: padding longer than what a priority leaves",
      .block(1, [3] + Frame.dependency(on: 0) + [0, 0], flags: [.whole, .padded, .priority]),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.2: padded without a length of the padding",
      .block(1, [], flags: [.whole, .padded]), gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.6: PUSH_PROMISE",
      Frame(type: 0x5, flags: .endHeaders, stream: 1, payload: [0, 0, 0, 2]),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.6: PUSH_PROMISE on an open stream", .open(1),
      Frame(type: 0x5, flags: .endHeaders, stream: 1, payload: [0, 0, 0, 2] + Self.block),
      gives: .connectionError(.protocolError, last: 1)),
  ]
}
