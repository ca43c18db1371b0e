/// How a server's connection ends without losing a call (RFC 9113, section 6.8): announce, wait
/// one round trip for the requests already on their way, then name the last one taken.
struct DrainMachine: ~Copyable {
  private enum State: ~Copyable {
    case open
    case announced
    case final
  }

  enum OnBegin: Equatable { case announceAndPing, none }
  enum OnPingAcknowledged: Equatable { case goAway, none }

  private var state: State

  init() {
    self.init(.open)
  }

  private init(_ state: consuming State) {
    self.state = state
  }

  mutating func begin() -> OnBegin {
    switch consume self.state {
    case .open:
      self = Self(.announced)
      return .announceAndPing
    case .announced:
      self = Self(.announced)
      return .none
    case .final:
      self = Self(.final)
      return .none
    }
  }

  mutating func pingAcknowledged() -> OnPingAcknowledged {
    switch consume self.state {
    case .open:
      // A peer may acknowledge a ping that nobody sent; libnghttp2 lets it through.
      self = Self(.open)
      return .none
    case .announced:
      self = Self(.final)
      return .goAway
    case .final:
      self = Self(.final)
      return .none
    }
  }
}
