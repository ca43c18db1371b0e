import HTTP2
import NIOCore
import NIOEmbedded
import Testing

/// Receivers that use their stream, and the connection, from within what they are told.
@Suite struct ConnectionReentryTests {
  enum Deed: CaseIterable {
    case answer, send, finish, reset, consume, drain, close, closeChannel
  }

  enum Moment: CaseIterable {
    case headers, data, end, closed

    func matches(_ call: ScriptedReceiver.Call) -> Bool {
      switch (self, call) {
      case (.headers, .headers), (.data, .data), (.end, .end), (.closed, .closed): true
      default: false
      }
    }
  }

  @Test(arguments: Deed.allCases, Moment.allCases)
  func `a receiver may do anything at any time`(deed: Deed, moment: Moment) throws {
    var connection: TestConnection?
    let server = try TestConnection.server { stream, call in
      guard moment.matches(call), let connection else { return }
      switch deed {
      case .answer: stream.sendHeaders(.response, endStream: true)
      case .send:
        stream.sendHeaders(.response, endStream: false)
        stream.send(.pattern(200_000), endStream: false)
      case .finish:
        stream.sendHeaders(.response, endStream: false)
        stream.send(.pattern(10), endStream: true)
        stream.send(.pattern(10), endStream: true)
      case .reset:
        stream.reset(.cancel)
        stream.reset(.cancel)
      case .consume: stream.consume(10)
      case .drain: connection.handler.beginDrain()
      case .close: connection.handler.close()
      case .closeChannel: connection.channel.close(promise: nil)
      }
    }
    connection = server
    defer { connection = nil }
    let client = try TestConnection.client()
    let receivers = [try client.open(), try client.open()]
    for receiver in receivers {
      receiver.stream.send(.pattern(10), endStream: false)
      receiver.stream.send(.pattern(10), endStream: true)
    }
    try TestConnection.exchange(client, server)
    receivers[0].stream.reset(.cancel)
    try TestConnection.exchange(client, server)
    try client.lose()
    try server.lose()
    #expect(server.handler.openStreams == 0)
    for receiver in receivers + server.accepted {
      #expect(receiver.calls.count { if case .closed = $0 { true } else { false } } == 1)
    }
  }
}
