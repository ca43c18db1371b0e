import AuthService
import NIOConcurrencyHelpers
import TestKit
import UserAPI

/// A source of keys that gives what a test says, or fails.
final class ScriptedKeySource: JWTKeySource {
  enum Step: Hashable, Sendable { case read }

  let script = Script<Step>()
  private let document: NIOLockedValueBox<[UInt8]>

  init(_ document: [UInt8] = []) {
    self.document = NIOLockedValueBox(document)
  }

  func serve(_ document: [UInt8]) {
    self.document.withLockedValue { $0 = document }
  }

  func keySet() async throws(JWTKeySetError) -> [UInt8] {
    do throws(UserAPIError) {
      return try await self.script.run(.read) { self.document.withLockedValue { $0 } }
    } catch {
      throw JWTKeySetError(error.message)
    }
  }

  var count: Int { self.script.count(.read) }
}
