import Foundation
import Testing

/// Peers that mean harm, each against a server of its own: `scripts/attack` makes them, and says
/// what is wrong with how the server took it.
@Suite(.serialized) struct AttackTests {
  static let names = [
    "rapid_reset", "provoked_reset", "continuation", "ping", "settings_flood", "priority",
    "empty_data", "one_byte_data", "window_update_dribble", "unknown_frames", "header_bytes",
    "header_fields", "hpack_bomb", "zero_window", "slow_reader", "unread_acks", "no_preface",
    "slow_headers", "slow_body", "connections_per_address", "connections", "big_body", "http1",
    "stream_flood",
  ]

  /// What makes the attacks short that wait for a time-out, or that need many of something.
  private static let limits = [
    "USER_API_HANDSHAKE_TIMEOUT": "2s", "USER_API_HEADER_TIMEOUT": "1s",
    "USER_API_BODY_TIMEOUT": "1s", "USER_API_WRITE_STALL_TIMEOUT": "1s",
    "USER_API_MAX_CONNECTIONS": "150", "USER_API_MAX_CONNECTIONS_PER_ADDRESS": "60",
    "USER_API_RESET_LIMIT": "50/5", "USER_API_WINDOW_UPDATE_LIMIT": "200/20",
    "USER_API_SMALL_DATA_LIMIT": "200/20",
  ]

  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../../scripts/attack").standardized.path

  @Test(arguments: names)
  func `a hostile peer is answered and counted, leaves nothing, and nobody else notices`(
    name: String
  ) async throws {
    try await Deployment.with(
      simulator: ["--contacts", "10000"], server: ["--log-level", "info"],
      environment: Self.limits, isSpread: false
    ) { deployment in
      let token = try await deployment.token(user: "alice").secret
      _ = try await deployment.link(token: token)
      let run = try await Run(
        Self.script,
        [
          "--server", deployment.url, "--admin", deployment.adminURL, "--token", token,
          "--pid", "\(deployment.server.pid)", "--test", name,
        ], in: deployment.folder)
      #expect(run.status == 0, "\(run.errors)")
    }
  }

  @Test func `every attack that there is has been tried`() async throws {
    let list = try await Run(
      Self.script, ["--list"], in: FileManager.default.temporaryDirectory)
    let names = list.output.split(separator: "\n").map { $0.prefix { $0 != " " } }
    #expect(Set(names.map(String.init)) == Set(Self.names), "\(list.errors)")
  }
}
