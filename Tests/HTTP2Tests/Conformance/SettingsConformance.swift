extension ConformanceCase {
  static let settings = [
    ConformanceCase(
      "6.5: SETTINGS on a stream", Frame(type: 0x4, stream: 1),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.5.2: ENABLE_PUSH 2", .settings([2: 2]),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.5.2: ENABLE_PUSH 0 and 1", .settings([2: 0]), .settings([2: 1]),
      gives: .ignored),
    ConformanceCase(
      "6.5.2: INITIAL_WINDOW_SIZE of 2^31", .settings([4: 0x8000_0000]),
      gives: .connectionError(.flowControlError)),
    ConformanceCase(
      "6.5.2: INITIAL_WINDOW_SIZE of 2^32 - 1", .settings([4: 0xffff_ffff]),
      gives: .connectionError(.flowControlError)),
    ConformanceCase(
      "6.5.2: INITIAL_WINDOW_SIZE of 2^31 - 1", .settings([4: 0x7fff_ffff]),
      gives: .ignored),
    ConformanceCase(
      "6.5.2: MAX_FRAME_SIZE of 2^14 - 1", .settings([5: 16_383]),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.5.2: MAX_FRAME_SIZE of 2^24", .settings([5: 16_777_216]),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.5.2: MAX_FRAME_SIZE of 2^14 and 2^24 - 1", .settings([5: 16_384]),
      .settings([5: 16_777_215]), gives: .ignored),
    ConformanceCase(
      "6.5.2: the other settings take any value",
      .settings([1: 0xffff_ffff, 3: 0, 6: 0]), .request(1), gives: .answered([1])),
    ConformanceCase("6.5.2: an unknown setting", .settings([0xff: 1, 0: 1]), gives: .ignored),
    ConformanceCase(
      "8441/3: ENABLE_CONNECT_PROTOCOL 2", .settings([8: 2]),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "9218/2.1: NO_RFC7540_PRIORITIES 2", .settings([9: 2]),
      gives: .connectionError(.protocolError)),
    ConformanceCase(
      "6.5.3: the last of several values counts", steps: [.settings([4: 100, 4: 1])],
      [.request(1, path: "/body")], [.windowUpdate(1, 100)], gives: .body(1, [1, 9])),
    ConformanceCase(
      "6.5.3: every SETTINGS is acknowledged", .settings([:]), .settings([2: 0]),
      gives: .ignored),
    // Nothing is said of it, and an endpoint may end a connection at any time (5.4.1).
    ConformanceCase(
      "6.5: an acknowledgement of nothing", .settingsAck,
      gives: .connectionError(.protocolError)),
  ]
}
