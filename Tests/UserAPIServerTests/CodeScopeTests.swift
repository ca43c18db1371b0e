import AuthService
import NIOCore
import SessionService
import TestKit
import Testing
import UserAPI

@testable import UserAPIClient
@testable import UserAPIServer

/// Who sees a code can link a phone, which is more than to watch.
@Suite(.timeLimit(.minutes(10))) struct CodeScopeTests {
  /// Each code as a text and as the picture that the fake makes of it.
  private static let codes = [
    ("2@first", "iVBORzJAZmlyc3Q="), ("2@second", "iVBORzJAc2Vjb25k"),
    ("2@third", "iVBORzJAdGhpcmQ="),
  ]

  /// The events, as they are written, of a session that shows all codes and then works.
  private func events(_ scopes: Scopes, _ format: QRFormat) async throws -> [String] {
    var events: [String] = []
    var limits = CallLimits.defaults
    limits.heartbeatInterval = .seconds(3_600)
    try await CallPort.with(limits: limits) { port in
      port.upstream.setStatus(.scanQRCode, named: "s_test")
      let issued = try await port.tokens.issue(
        userID: "user-1", role: .user, scopes: scopes, lifetime: nil)
      let client = try UserAPIClient(
        configuration: UserAPIClient.Configuration(url: port.url, token: issued.secret.rawValue))
      var body = ByteBuffer()
      body.writeEnvelope {
        WatchSessionRequest(sessionName: "s_test", qrFormat: format).write(to: &$0)
      }
      let call = try await client.response(
        to: body, path: Procedure.watchSession.path, patience: .silence(.seconds(60)))
      for number in Self.codes.indices {
        if number > 0 {
          // One nap of each look, and one until each code is over but the first.
          await port.time.slept(times: 2 * number - 1)
          port.upstream.setCode(Self.codes[number].0)
          port.time.advance(by: .seconds(1))
        }
        events.append(String(buffer: try #require(try await call.next())))
      }
      await port.time.slept(times: 2 * Self.codes.count - 1)
      port.upstream.setStatus(.working, named: "s_test")
      port.time.advance(by: .seconds(1))
      events.append(String(buffer: try #require(try await call.next())))
      call.giveUp()
      await client.close()
    }
    return events
  }

  private func statuses(_ events: [String]) throws -> [SessionStatus] {
    try events.map { try SessionEvent(buffer: ByteBuffer(string: $0)).status }
  }

  @Test(
    arguments: [Scopes.sessionRead, [.sessionRead, .directoryRead, .actAs]], QRFormat.allCases)
  func `who may only read is shown no code while the session waits for a scan`(
    scopes: Scopes, format: QRFormat
  ) async throws {
    let events = try await self.events(scopes, format)
    #expect(try self.statuses(events) == [.scanQRCode, .scanQRCode, .scanQRCode, .working])
    for event in events {
      #expect(!event.contains(#""qr""#))
      #expect(!event.contains("2@") && !event.contains("iVBOR"))
    }
  }

  @Test(arguments: QRFormat.allCases)
  func `who may write as well is shown each code`(format: QRFormat) async throws {
    let events = try await self.events([.sessionRead, .sessionWrite], format)
    #expect(try self.statuses(events) == [.scanQRCode, .scanQRCode, .scanQRCode, .working])
    #expect(
      try events.dropLast().map { try SessionEvent(buffer: ByteBuffer(string: $0)).qr }
        == Self.codes.map { format == .text ? $0.0 : $0.1 })
  }
}
