import Testing

@testable import HTTP2

/// What HEADERS on a used stream mean, once libnghttp2 has forgotten it.
@Suite struct StreamLedgerTests {
  /// A ledger whose streams were opened, and closed by the client's own word.
  private func ledger(closed ids: [StreamID]) -> StreamLedger {
    var ledger = StreamLedger()
    for id in ids { Self.open(id, in: &ledger, peerHasEnded: true) }
    return ledger
  }

  private static func open(
    _ id: StreamID, in ledger: inout StreamLedger, peerHasEnded: Bool
  ) {
    #expect(ledger.receivedHeaders(on: id, isOpen: false) == .proceed)
    ledger.opened(id)
    ledger.closed(id, peerHasEnded: peerHasEnded)
  }

  @Test func `streams in order are none of its business`() {
    _ = self.ledger(closed: [1, 3, 5, 7])
  }

  @Test func `a stream left out was never opened`() {
    var ledger = self.ledger(closed: [5, 7, 13])
    for id: StreamID in [1, 3, 9, 11] {
      #expect(ledger.receivedHeaders(on: id, isOpen: false) == .neverOpened)
    }
    for id: StreamID in [5, 7, 13] {
      #expect(ledger.receivedHeaders(on: id, isOpen: false) == .closed)
    }
  }

  @Test func `an open stream takes trailers`() {
    var ledger = StreamLedger()
    _ = ledger.receivedHeaders(on: 1, isOpen: false)
    ledger.opened(1)
    _ = ledger.receivedHeaders(on: 3, isOpen: false)
    ledger.opened(3)
    #expect(ledger.receivedHeaders(on: 1, isOpen: true) == .proceed)
  }

  @Test func `a stream that this side reset is excused`() {
    var ledger = self.ledger(closed: [1])
    Self.open(3, in: &ledger, peerHasEnded: false)
    _ = ledger.receivedHeaders(on: 5, isOpen: false)
    #expect(ledger.receivedHeaders(on: 3, isOpen: false) == .proceed)
    #expect(ledger.receivedHeaders(on: 1, isOpen: false) == .closed)
  }

  @Test func `a stream that was refused is excused`() {
    var ledger = self.ledger(closed: [1])
    _ = ledger.receivedHeaders(on: 3, isOpen: false)
    #expect(ledger.receivedHeaders(on: 3, isOpen: false) == .proceed)
    _ = ledger.receivedHeaders(on: 5, isOpen: false)
    #expect(ledger.receivedHeaders(on: 3, isOpen: false) == .proceed)
  }

  @Test func `streams of the server are left to libnghttp2`() {
    var ledger = self.ledger(closed: [1, 9])
    #expect(ledger.receivedHeaders(on: 0, isOpen: false) == .proceed)
    #expect(ledger.receivedHeaders(on: 4, isOpen: false) == .proceed)
  }

  @Test func `more resets than it remembers make it lenient, not wrong`() {
    var ledger = self.ledger(closed: [1])
    let resets = (1...100).map { StreamID(rawValue: 1 + 2 * $0) }
    for id in resets { Self.open(id, in: &ledger, peerHasEnded: false) }
    for id in resets { #expect(ledger.receivedHeaders(on: id, isOpen: false) == .proceed) }
    #expect(ledger.receivedHeaders(on: 1, isOpen: false) == .proceed)
    Self.open(203, in: &ledger, peerHasEnded: true)
    #expect(ledger.receivedHeaders(on: 203, isOpen: false) == .closed)
  }

  @Test func `more gaps than it remembers make it lenient, not wrong`() {
    let used = (0..<100).map { StreamID(rawValue: 1 + 4 * $0) }
    var ledger = self.ledger(closed: used)
    #expect(ledger.receivedHeaders(on: 3, isOpen: false) == .proceed)
    #expect(ledger.receivedHeaders(on: 1, isOpen: false) == .proceed)
    #expect(ledger.receivedHeaders(on: 395, isOpen: false) == .neverOpened)
    #expect(ledger.receivedHeaders(on: 397, isOpen: false) == .closed)
  }
}
