extension ConformanceCase {
  static let priority = [
    ConformanceCase(
      "6.3: PRIORITY on stream 0", .priority(0),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.3: PRIORITY with the lowest weight, then the request",
      .priority(1, weight: 0), .request(1), gives: .answered([1])),
    ConformanceCase(
      "6.3: PRIORITY with the highest weight, then the request",
      .priority(1, weight: 255), .request(1), gives: .answered([1])),
    ConformanceCase(
      "6.3: PRIORITY on another idle stream", .priority(3, on: 1), .request(1),
      gives: .answered([1])),
    ConformanceCase(
      "6.3: exclusive PRIORITY", .priority(1, on: 0x8000_0000), .request(1),
      gives: .answered([1])),
    ConformanceCase(
      "6.3: PRIORITY uses no stream up", .priority(3), .request(1), .request(3),
      gives: .answered([1, 3])),
    ConformanceCase(
      "6.2: HEADERS with a priority",
      .block(
        1, Frame.dependency(on: 0) + Frame.literal(Frame.fields()), flags: [.whole, .priority]),
      gives: .answered([1])),
    ConformanceCase(
      "6.2: HEADERS with a priority on a stream that never was",
      .block(
        1, Frame.dependency(on: 99) + Frame.literal(Frame.fields()), flags: [.whole, .priority]),
      gives: .answered([1])),
    // Stream errors of RFC 7540, section 5.3.1; RFC 9113 has no such rule any more.
    ConformanceCase(
      "7540/5.3.1: PRIORITY that depends on its own stream", .priority(1, on: 1),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "7540/5.3.1: HEADERS that depend on their own stream",
      .block(
        1, Frame.dependency(on: 1) + Frame.literal(Frame.fields()), flags: [.whole, .priority]),
      gives: .connectionError(.protocolError)),
  ]
}
