/// How many connections a port may have. The raw value is a limit's name in metrics.
enum GateLimit: String, CaseIterable, Sendable {
  /// ``ConnectionGate/Limits/connections``
  case connections
  /// ``ConnectionGate/Limits/connectionsPerAddress``
  case connectionsPerAddress = "connections_per_address"
}

/// Counts a port's connections, and says which may come in.
struct ConnectionGate {
  struct Limits: Sendable {
    /// How many in all; at that many no more are accepted, and new ones wait in the kernel.
    var connections: Int
    /// How many from one address (of IPv6 from one /64); more are refused. Nil for any number.
    var connectionsPerAddress: Int?
  }

  enum OnOpened: Equatable {
    case accept
    /// It was the last that there is room for.
    case acceptAndPause
    /// Its address has enough of them.
    case refuse
  }

  enum OnClosed: Equatable {
    case none
    /// There is room again.
    case resume
  }

  private let limits: Limits
  private var count = 0
  private var counts: [PeerAddress: Int] = [:]
  /// Whether no more are to be accepted.
  private(set) var isPaused = false

  init(limits: Limits) {
    self.limits = limits
  }

  /// A connection came.
  ///
  /// - Parameter address: Nil where there are none, as on a Unix-domain socket.
  mutating func opened(from address: PeerAddress?) -> OnOpened {
    if let address, let limit = self.limits.connectionsPerAddress {
      guard self.counts[address, default: 0] < limit else { return .refuse }
      self.counts[address, default: 0] += 1
    }
    self.count += 1
    // Some more may come that were accepted in the same turn.
    guard self.count >= self.limits.connections, !self.isPaused else { return .accept }
    self.isPaused = true
    return .acceptAndPause
  }

  /// A connection that was not refused is closed.
  mutating func closed(from address: PeerAddress?) -> OnClosed {
    if let address, let count = self.counts[address] {
      self.counts[address] = count > 1 ? count - 1 : nil
    }
    self.count -= 1
    guard self.isPaused, self.count < self.limits.connections else { return .none }
    self.isPaused = false
    return .resume
  }
}
