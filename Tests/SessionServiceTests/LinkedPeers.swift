import NIOConcurrencyHelpers
import SessionService
import UserAPI

/// One side of two servers that hear each other at once.
final class LinkedPeers: SessionPeers {
  private let heard = NIOLockedValueBox<(@Sendable (SessionNews) -> Void)?>(nil)
  private let other = NIOLockedValueBox<LinkedPeers?>(nil)

  static func pair() -> (LinkedPeers, LinkedPeers) {
    let pair = (LinkedPeers(), LinkedPeers())
    pair.0.other.withLockedValue { $0 = pair.1 }
    pair.1.other.withLockedValue { $0 = pair.0 }
    return pair
  }

  func listen(_ heard: @escaping @Sendable (SessionNews) -> Void) async {
    self.heard.withLockedValue { $0 = heard }
  }

  func withLock<Value: Sendable>(
    ofUser userID: String, _ body: @escaping @Sendable () async throws(UserAPIError) -> Value
  ) async throws(UserAPIError) -> Value {
    try await body()
  }

  func tell(_ news: SessionNews) {
    guard let other = self.other.withLockedValue({ $0 }) else { return }
    other.heard.withLockedValue { $0 }?(news)
  }

  func isReconciler() async -> Bool { true }

  func close() async { self.other.withLockedValue { $0 = nil } }
}
