extension ConformanceCase {
  static let flowControl = [
    ConformanceCase(
      "6.9: an empty WINDOW_UPDATE on the connection", .windowUpdate(0, 0),
      gives: .connectionError(.protocolError)),
    // A stream error (6.9) made a connection error (5.4.1).
    ConformanceCase(
      "6.9: an empty WINDOW_UPDATE on a stream", .open(1), .windowUpdate(1, 0),
      gives: .connectionError(.protocolError, last: 1)),
    ConformanceCase(
      "6.9: an empty WINDOW_UPDATE but for the reserved bit",
      .windowUpdate(0, 0x8000_0000), gives: .connectionError(.protocolError)),
    ConformanceCase("6.9: WINDOW_UPDATE on the connection", .windowUpdate(0, 1), gives: .ignored),
    ConformanceCase(
      "6.9: WINDOW_UPDATE on a stream", .request(1), .windowUpdate(1, 1),
      gives: .answered([1])),
    ConformanceCase(
      "6.9.1: the connection's window overflows", .windowUpdate(0, 0x7fff_ffff),
      .windowUpdate(0, 0x7fff_ffff), gives: .connectionError(.flowControlError)),
    ConformanceCase(
      "6.9.1: the connection's window overflows by one",
      .windowUpdate(0, 0x7fff_ffff - 65_535 + 1), gives: .connectionError(.flowControlError)),
    ConformanceCase(
      "6.9.1: the connection's window is full",
      .windowUpdate(0, 0x7fff_ffff - 65_535), gives: .ignored),
    ConformanceCase(
      "6.9.1: a stream's window overflows", .open(1), .windowUpdate(1, 0x7fff_ffff),
      .windowUpdate(1, 0x7fff_ffff), gives: .streamError(1, .flowControlError)),
    ConformanceCase(
      "6.9.1: a stream's window overflows by one", .open(1),
      .windowUpdate(1, 0x7fff_ffff - 65_535 + 1), gives: .streamError(1, .flowControlError)),
    ConformanceCase(
      "6.9.1: a window of one byte", steps: [.settings([4: 1])],
      [.request(1, path: "/body")], [.windowUpdate(1, 2)], [.windowUpdate(1, 7)],
      gives: .body(1, [1, 2, 7])),
    ConformanceCase(
      "6.9.1: no window at all keeps no headers back",
      steps: [.settings([4: 0])], [.request(1, path: "/body")], [.windowUpdate(1, 10)],
      gives: .body(1, [10])),
    ConformanceCase(
      "6.9.2: the first window changes under an open stream",
      steps: [.settings([4: 0])], [.request(1, path: "/body")], [.settings([4: 1])],
      [.settings([4: 100])], gives: .body(1, [1, 9])),
    ConformanceCase(
      "6.9.2: a window becomes negative", steps: [.settings([4: 3])],
      [.request(1, path: "/body")], [.settings([4: 2])], [.windowUpdate(1, 1)],
      [.windowUpdate(1, 1)], [.windowUpdate(1, 6)], gives: .body(1, [3, 1, 6])),
    ConformanceCase(
      "6.9.2: a changed first window overflows an open stream's", .open(1),
      .windowUpdate(1, 0x7fff_ffff - 65_535), .settings([4: 65_536]),
      gives: .connectionError(.flowControlError, last: 1)),
    ConformanceCase(
      "6.9.1: as much DATA as the stream's window", .open(1),
      .data(1, Frame.zeros(100), flags: .endStream), gives: .answered([1])
    ).with(streamWindow: 100),
    ConformanceCase(
      "6.9.1: more DATA than the stream's window", .open(1),
      .data(1, Frame.zeros(101), flags: .endStream), gives: .streamError(1, .flowControlError)
    ).with(streamWindow: 100),
    ConformanceCase(
      "6.9.1: DATA whose padding is more than the stream's window", .open(1),
      .data(1, [100] + Frame.zeros(100), flags: [.endStream, .padded]),
      gives: .streamError(1, .flowControlError)
    ).with(streamWindow: 100),
  ]
}
