package import AuthService
internal import NIOConcurrencyHelpers
internal import UserAPI

/// A source of keys that gives what a test says, or fails.
package final class ScriptedKeySource: JWTKeySource {
  package enum Step: Hashable, Sendable { case read }

  package let script = Script<Step>()
  private let document: NIOLockedValueBox<[UInt8]>

  package init(_ document: [UInt8] = []) {
    self.document = NIOLockedValueBox(document)
  }

  package func serve(_ document: [UInt8]) {
    self.document.withLockedValue { $0 = document }
  }

  package func keySet() async throws(JWTKeySetError) -> [UInt8] {
    do throws(UserAPIError) {
      return try await self.script.run(.read) { self.document.withLockedValue { $0 } }
    } catch {
      throw JWTKeySetError(error.message)
    }
  }

  package var count: Int { self.script.count(.read) }
}
