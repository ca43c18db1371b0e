internal import AuthService
internal import Logging
internal import ServiceLifecycle
internal import UserAPI

/// Writes down when tokens were last used, now and then and once more when the server stops.
struct TokenUseRecording: Service, CustomStringConvertible {
  /// How much a server that is killed forgets, and how exact the times are.
  private static let interval: Duration = .seconds(60)

  let uses: TokenUses
  let store: any TokenStore
  let time: TimeSource
  let logger: Logger

  /// What the service group calls it in its logs.
  var description: String { "token use recording" }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while true {
        do { try await self.time.sleep(Self.interval) } catch { return }
        await self.flush()
      }
    }
    await self.flush()
  }

  private func flush() async {
    do throws(UserAPIError) {
      try await self.uses.flush(to: self.store)
    } catch {
      // Given up because the server stops, it is done again at once.
      self.logger.log(
        level: error.reason == .canceled ? .debug : .warning,
        "the last uses of tokens are not written down yet", metadata: ["error": "\(error)"])
    }
  }
}
