import NIOCore
import Testing

@testable import UserAPIServer

@Suite struct ConnectionGateTests {
  private let one = PeerAddress(v4: 0x7f00_0001)
  private let other = PeerAddress(v4: 0x7f00_0002)

  @Test func `an address has so many connections, and again when one is closed`() {
    var gate = ConnectionGate(limits: .init(connections: 100, connectionsPerAddress: 2))
    #expect(gate.opened(from: self.one) == .accept)
    #expect(gate.opened(from: self.one) == .accept)
    #expect(gate.opened(from: self.one) == .refuse)
    #expect(gate.opened(from: self.other) == .accept)
    #expect(gate.opened(from: nil) == .accept)
    #expect(gate.closed(from: self.one) == .none)
    #expect(gate.opened(from: self.one) == .accept)
    #expect(gate.opened(from: self.one) == .refuse)
  }

  @Test func `the last that there is room for pauses, the first that goes resumes`() {
    var gate = ConnectionGate(limits: .init(connections: 2, connectionsPerAddress: nil))
    #expect(gate.opened(from: self.one) == .accept)
    #expect(gate.opened(from: self.one) == .acceptAndPause)
    // Accepted in the same turn of the event loop.
    #expect(gate.opened(from: self.other) == .accept)
    #expect(gate.isPaused)
    #expect(gate.closed(from: self.one) == .none)
    #expect(gate.closed(from: self.one) == .resume)
    #expect(!gate.isPaused)
    #expect(gate.opened(from: self.one) == .acceptAndPause)
  }

  @Test func `a refused connection takes no room`() {
    var gate = ConnectionGate(limits: .init(connections: 2, connectionsPerAddress: 1))
    #expect(gate.opened(from: self.one) == .accept)
    for _ in 0..<10 { #expect(gate.opened(from: self.one) == .refuse) }
    #expect(!gate.isPaused)
  }

  @Test(arguments: [
    ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3", "10.1.2.4", false),
    ("::ffff:10.1.2.3", "10.1.2.3", true), ("::ffff:10.1.2.3", "::ffff:10.1.2.4", false),
    ("2001:db8::1", "2001:db8::ffff:1", true), ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
    ("::1", "0.0.0.1", false),
  ])
  func `peers are told apart by address, in IPv6 by network`(
    left: String, right: String, isSame: Bool
  ) throws {
    let left = PeerAddress(try SocketAddress(ipAddress: left, port: 1))
    let right = PeerAddress(try SocketAddress(ipAddress: right, port: 2))
    #expect(left != nil)
    #expect((left == right) == isSame)
  }

  @Test func `a Unix-domain socket has no address`() throws {
    #expect(PeerAddress(try SocketAddress(unixDomainSocketPath: "/tmp/x")) == nil)
    #expect(PeerAddress(nil) == nil)
  }
}
