/// Which connection a call goes to: one for all, made on first use, made anew after its loss.
///
/// Generic over what it talks about, so that its decisions can be read without a socket.
struct ConnectionMachine<
  Connection: Equatable, Call: Identifiable, Closer
>: ~Copyable {
  private enum State: ~Copyable {
    /// There is no connection for a new call. Those that go away still have calls of theirs.
    case idle(leaving: [Connection])
    /// A connection is being made for these calls.
    case connecting([Call], leaving: [Connection])
    case connected(Connection, leaving: [Connection])
    /// No new calls. The closers wait for the attempt, if there is one, and for the connections.
    case closing(attempt: [Call]?, leaving: [Connection], closers: [Closer])
    case closed
  }

  enum OnCall { case connect, wait, open(Connection), refuse }
  enum OnConnected { case open([Call]), openAndDrain([Call]) }
  enum OnConnectFailed { case fail([Call], finished: [Closer]) }
  enum OnConnectionClosed { case none, finish([Closer]) }
  enum OnClose { case drain([Connection]), wait, finish(Closer) }

  private var state: State

  init() {
    self.init(.idle(leaving: []))
  }

  private init(_ state: consuming State) {
    self.state = state
  }

  /// A call wants a connection, for the first time or again.
  mutating func call(_ call: Call) -> OnCall {
    switch consume self.state {
    case .idle(let leaving):
      self = Self(.connecting([call], leaving: leaving))
      return .connect
    case .connecting(let calls, let leaving):
      self = Self(.connecting(calls + [call], leaving: leaving))
      return .wait
    case .connected(let connection, let leaving):
      self = Self(.connected(connection, leaving: leaving))
      return .open(connection)
    case .closing(let attempt, let leaving, let closers):
      self = Self(.closing(attempt: attempt, leaving: leaving, closers: closers))
      return .refuse
    case .closed:
      self = Self(.closed)
      return .refuse
    }
  }

  /// A call no longer wants a connection. It may have got one in the meantime.
  mutating func withdraw(_ id: Call.ID) {
    switch consume self.state {
    case .idle(let leaving):
      self = Self(.idle(leaving: leaving))
    case .connecting(let calls, let leaving):
      self = Self(.connecting(calls.filter { $0.id != id }, leaving: leaving))
    case .connected(let connection, let leaving):
      self = Self(.connected(connection, leaving: leaving))
    case .closing(let attempt, let leaving, let closers):
      self = Self(
        .closing(
          attempt: attempt.map { $0.filter { $0.id != id } }, leaving: leaving, closers: closers))
    case .closed:
      self = Self(.closed)
    }
  }

  /// The attempt that `.connect` asked for has succeeded.
  mutating func connected(_ connection: Connection) -> OnConnected {
    switch consume self.state {
    case .connecting(let calls, let leaving):
      self = Self(.connected(connection, leaving: leaving))
      return .open(calls)
    case .closing(.some(let calls), let leaving, let closers):
      self = Self(.closing(attempt: nil, leaving: leaving + [connection], closers: closers))
      return .openAndDrain(calls)
    case .closing(nil, _, _):
      preconditionFailure("a connection that nobody asked for")
    case .idle:
      preconditionFailure("a connection that nobody asked for")
    case .connected:
      preconditionFailure("a connection that nobody asked for")
    case .closed:
      preconditionFailure("a connection that nobody asked for")
    }
  }

  /// The attempt that `.connect` asked for has failed.
  mutating func connectFailed() -> OnConnectFailed {
    switch consume self.state {
    case .connecting(let calls, let leaving):
      self = Self(.idle(leaving: leaving))
      return .fail(calls, finished: [])
    case .closing(.some(let calls), let leaving, let closers):
      guard leaving.isEmpty else {
        self = Self(.closing(attempt: nil, leaving: leaving, closers: closers))
        return .fail(calls, finished: [])
      }
      self = Self(.closed)
      return .fail(calls, finished: closers)
    case .closing(nil, _, _):
      preconditionFailure("an attempt that nobody asked for")
    case .idle:
      preconditionFailure("an attempt that nobody asked for")
    case .connected:
      preconditionFailure("an attempt that nobody asked for")
    case .closed:
      preconditionFailure("an attempt that nobody asked for")
    }
  }

  /// The connection takes no new calls; those that it has go on.
  mutating func goingAway(_ connection: Connection) {
    switch consume self.state {
    case .idle(let leaving):
      // Every call that was refused says so, and the first was enough.
      self = Self(.idle(leaving: leaving))
    case .connecting(let calls, let leaving):
      self = Self(.connecting(calls, leaving: leaving))
    case .connected(let current, let leaving):
      self =
        current == connection
        ? Self(.idle(leaving: leaving + [current]))
        : Self(.connected(current, leaving: leaving))
    case .closing(let attempt, let leaving, let closers):
      self = Self(.closing(attempt: attempt, leaving: leaving, closers: closers))
    case .closed:
      self = Self(.closed)
    }
  }

  mutating func connectionClosed(_ connection: Connection) -> OnConnectionClosed {
    switch consume self.state {
    case .idle(let leaving):
      self = Self(.idle(leaving: leaving.filter { $0 != connection }))
      return .none
    case .connecting(let calls, let leaving):
      self = Self(.connecting(calls, leaving: leaving.filter { $0 != connection }))
      return .none
    case .connected(let current, let leaving):
      self =
        current == connection
        ? Self(.idle(leaving: leaving))
        : Self(.connected(current, leaving: leaving.filter { $0 != connection }))
      return .none
    case .closing(let attempt, let leaving, let closers):
      let left = leaving.filter { $0 != connection }
      guard attempt == nil, left.isEmpty else {
        self = Self(.closing(attempt: attempt, leaving: left, closers: closers))
        return .none
      }
      self = Self(.closed)
      return .finish(closers)
    case .closed:
      preconditionFailure("a connection outlived the last one")
    }
  }

  /// Somebody closes the client: calls that were made go on, new ones are refused.
  mutating func close(_ closer: Closer) -> OnClose {
    switch consume self.state {
    case .idle(let leaving):
      guard !leaving.isEmpty else {
        self = Self(.closed)
        return .finish(closer)
      }
      self = Self(.closing(attempt: nil, leaving: leaving, closers: [closer]))
      return .drain(leaving)
    case .connecting(let calls, let leaving):
      self = Self(.closing(attempt: calls, leaving: leaving, closers: [closer]))
      return .drain(leaving)
    case .connected(let connection, let leaving):
      self = Self(.closing(attempt: nil, leaving: leaving + [connection], closers: [closer]))
      return .drain(leaving + [connection])
    case .closing(let attempt, let leaving, let closers):
      self = Self(.closing(attempt: attempt, leaving: leaving, closers: closers + [closer]))
      return .wait
    case .closed:
      self = Self(.closed)
      return .finish(closer)
    }
  }

  /// Every connection there is, for an owner that goes away without closing.
  consuming func abandon() -> [Connection] {
    switch consume self.state {
    case .idle(let leaving): leaving
    case .connecting(_, let leaving): leaving
    case .connected(let connection, let leaving): leaving + [connection]
    case .closing(_, let leaving, _): leaving
    case .closed: []
    }
  }
}

extension ConnectionMachine.OnCall: Equatable {}
extension ConnectionMachine.OnConnected: Equatable where Call: Equatable {}
extension ConnectionMachine.OnConnectFailed: Equatable where Call: Equatable, Closer: Equatable {}
extension ConnectionMachine.OnConnectionClosed: Equatable where Closer: Equatable {}
extension ConnectionMachine.OnClose: Equatable where Closer: Equatable {}
