import HTTP2
import NIOCore

extension SessionEvent {
  var stream: StreamID? {
    switch self {
    case .headers(let id, _, _), .data(let id, _), .endStream(let id), .writable(let id),
      .closed(let id, _):
      id
    case .goAway, .limitExceeded, .pingAcknowledged:
      nil
    }
  }
}

extension [SessionEvent] {
  /// How many bytes of body came on a stream.
  func dataCount(_ id: StreamID) -> Int {
    self.reduce(0) { sum, event in
      if case .data(id, let bytes) = event { sum + bytes.readableBytes } else { sum }
    }
  }

  func count(_ event: SessionEvent) -> Int {
    self.count { $0 == event }
  }
}
