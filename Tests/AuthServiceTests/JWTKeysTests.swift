import NIOConcurrencyHelpers
import TestKit
import Testing
import UserAPI

@testable import AuthService

@Suite(.timeLimit(.minutes(10))) struct JWTKeysTests {
  private let time = ManualTime()
  private let source = ScriptedKeySource()
  private let events = NIOLockedValueBox<[String]>([])
  private let tellings: AsyncStream<String>
  private let keys: JWTKeys
  private let first: JWTSigner
  private let second: JWTSigner

  init() async throws {
    let (tellings, continuation) = AsyncStream.makeStream(of: String.self)
    self.tellings = tellings
    self.keys = JWTKeys(source: self.source, time: self.time.source) { [events] event in
      let text =
        switch event {
        case .loaded(let keys): "loaded \(keys.count)"
        case .changed(let keys): "changed \(keys.count)"
        case .recovered(let keys): "recovered \(keys.count)"
        case .failed(let error, let hasKeys): "failed \(hasKeys): \(error)"
        }
      events.withLockedValue { $0.append(text) }
      continuation.yield(text)
    }
    self.first = try await JWTSigner.edDSA()
    self.second = try await JWTSigner.edDSA()
    self.source.serve(JWTSigner.keySet(self.first.jwk(id: "1")))
  }

  private var both: [UInt8] {
    JWTSigner.keySet(self.first.jwk(id: "1"), self.second.jwk(id: "2"))
  }

  private func fail(_ message: String?) {
    self.source.script.failAll(with: message.map { UserAPIError(.internalError, $0) })
  }

  private func has(_ id: String) async throws(UserAPIError) -> Bool {
    try await self.keys.key(id: Array(id.utf8), algorithm: .edDSA) != nil
  }

  private func failure(_ id: String) async -> UserAPIError? {
    await TestKit.failure { () async throws(UserAPIError) in try await self.has(id) }
  }

  private var told: [String] { self.events.withLockedValue { $0 } }

  @Test func `the first token has the keys read, and the next ones find them`() async throws {
    #expect(try await self.has("1"))
    for _ in 0..<100 { #expect(try await self.has("1")) }
    #expect(self.source.count == 1)
    #expect(self.told == ["loaded 1"])
  }

  @Test func `an unknown id has the keys read once`() async throws {
    try await self.keys.refresh()
    self.source.serve(self.both)
    #expect(try await self.has("2"))
    #expect(self.source.count == 2)
    #expect(self.told == ["loaded 1", "changed 2"])
  }

  @Test func `made-up ids have the keys read once in ten seconds`() async throws {
    try await self.keys.refresh()
    for id in 100..<200 { #expect(try await !self.has("\(id)")) }
    #expect(self.source.count == 2)
    self.time.advance(by: .milliseconds(9_999))
    self.source.serve(self.both)
    #expect(try await !self.has("2"))
    #expect(self.source.count == 2)
    self.time.advance(by: .milliseconds(1))
    #expect(try await self.has("2"))
    #expect(self.source.count == 3)
  }

  @Test func `an unknown id is not called wrong while the keys cannot be read`() async throws {
    try await self.keys.refresh()
    self.fail("down")
    // It has them read, which fails.
    let error = await self.failure("2")
    #expect(error?.reason == .keysUnavailable)
    #expect(error?.retryAfter == .seconds(10))
    self.time.advance(by: .seconds(4))
    #expect(await self.failure("2")?.retryAfter == .seconds(6))
    #expect(await self.failure("3")?.reason == .keysUnavailable)
    #expect(self.source.count == 2)
    // What is known needs no reading, whether it is good or not.
    #expect(try await self.has("1"))
    #expect(try await self.keys.key(id: Array("1".utf8), algorithm: .rs256) == nil)
    #expect(try await self.keys.key(id: nil, algorithm: .rs256) == nil)
    self.fail(nil)
    self.source.serve(self.both)
    self.time.advance(by: .seconds(6))
    #expect(try await self.has("2"))
    #expect(try await !self.has("3"))
    #expect(self.source.count == 3)
  }

  @Test func `an unknown id is not called wrong after a refresh that failed`() async throws {
    try await self.keys.refresh()
    #expect(try await !self.has("2"))
    self.fail("down")
    await #expect(throws: JWTKeySetError("down")) { try await self.keys.refresh() }
    // A token has had them read less than ten seconds ago, and that refresh is tried again then.
    #expect(await self.failure("2")?.retryAfter == .seconds(10))
    #expect(self.source.count == 3)
    self.fail(nil)
    try await self.keys.refresh()
    #expect(try await !self.has("2"))
    #expect(self.source.count == 4)
  }

  @Test func `an unknown id is not called wrong while a reading hangs`() async throws {
    try await self.keys.refresh()
    self.source.script.hold(.read)
    let call = Task.immediate { await self.failure("2") }
    await self.source.script.reached(.read, times: 2)
    await self.time.slept(times: 2)
    self.time.advance(by: .seconds(5))
    #expect(await call.value?.retryAfter == .seconds(5))
    #expect(await self.failure("2")?.reason == .keysUnavailable)
    #expect(try await self.has("1"))
    self.source.script.release(.read)
  }

  @Test func `a key of that id for another algorithm is no reason to read`() async throws {
    try await self.keys.refresh()
    #expect(try await self.keys.key(id: Array("1".utf8), algorithm: .rs256) == nil)
    #expect(try await self.keys.key(id: nil, algorithm: .rs256) == nil)
    #expect(self.source.count == 1)
  }

  @Test func `many who meet an unknown id wait for one reading`() async throws {
    try await self.keys.refresh()
    self.source.serve(self.both)
    self.source.script.hold(.read)
    let calls = (0..<30).map { _ in Task.immediate { try await self.has("2") } }
    await self.source.script.reached(.read, times: 2)
    // Who is known waits for nobody.
    #expect(try await self.has("1"))
    self.source.script.release(.read)
    for call in calls { #expect(try await call.value) }
    #expect(self.source.count == 2)
  }

  @Test func `while there are no keys tokens are told when to come again`() async throws {
    self.fail("down")
    let error = await self.failure("1")
    #expect(error?.reason == .keysUnavailable)
    #expect(error?.code == .unavailable)
    // The run loop may try at once.
    #expect(error?.retryAfter == .seconds(1))
    for _ in 0..<100 { #expect(await self.failure("1")?.reason == .keysUnavailable) }
    #expect(self.source.count == 1)
    #expect(self.told == ["failed false: down"])
    self.fail(nil)
    self.time.advance(by: .seconds(10))
    #expect(try await self.has("1"))
    #expect(self.told == ["failed false: down", "loaded 1"])
  }

  @Test func `a source that is down or gives rubbish leaves the keys as they are`() async throws {
    try await self.keys.refresh()
    self.fail("down")
    await #expect(throws: JWTKeySetError("down")) { try await self.keys.refresh() }
    self.fail(nil)
    self.source.serve(Array(#"{"keys":[{"kty":"EC"}]}"#.utf8))
    await #expect(throws: JWTKeySetError.self) { try await self.keys.refresh() }
    #expect(try await self.has("1"))
    #expect(self.keys.generation == 0)
    // That it began is told, and that it ended.
    #expect(self.told == ["loaded 1", "failed true: down"])
    self.source.serve(JWTSigner.keySet(self.first.jwk(id: "1")))
    try await self.keys.refresh()
    #expect(self.told == ["loaded 1", "failed true: down", "recovered 1"])
  }

  @Test func `a set that is emptied takes all keys back, but is none to begin with`() async throws {
    let empty = Array(#"{"keys":[]}"#.utf8)
    self.source.serve(empty)
    await #expect(throws: JWTKeySetError.self) { try await self.keys.refresh() }
    self.source.serve(self.both)
    try await self.keys.refresh()
    #expect(try await self.has("1"))
    self.source.serve(empty)
    try await self.keys.refresh()
    #expect(try await !self.has("1"))
    #expect(self.keys.generation == 1)
  }

  @Test func `tokens with made-up ids do not all wait for a source that hangs`() async throws {
    try await self.keys.refresh()
    self.source.script.hold(.read)
    await withTaskGroup(of: UserAPIError?.self) { group in
      // One has the source asked, and 32 may wait for it.
      for index in 0..<34 { group.addTask { await self.failure("x\(index)") } }
      // All the others are held.
      let refused = await group.next().flatMap { $0 }
      #expect(refused?.reason == .keysUnavailable)
      #expect(refused?.retryAfter == .seconds(1))
      // Who is known needs no room.
      #expect(await self.failure("1") == nil)
      self.source.script.release(.read)
      for await error in group { #expect(error == nil) }
    }
  }

  @Test func `the generation grows when a key is gone or another, not when one is added`()
    async throws
  {
    try await self.keys.refresh()
    #expect(self.keys.generation == 0)
    for (document, generation) in [
      (self.both, 0), (self.both, 0),
      (JWTSigner.keySet(self.second.jwk(id: "2"), self.first.jwk(id: "1")), 0),
      (JWTSigner.keySet(self.second.jwk(id: "2")), 1),
      (JWTSigner.keySet(self.first.jwk(id: "2")), 2),
      (JWTSigner.keySet(self.first.jwk(id: "3")), 3),
      (JWTSigner.keySet(self.first.jwk(id: nil)), 4),
      (JWTSigner.keySet(self.first.jwk(id: nil)), 4),
    ] {
      self.source.serve(document)
      try await self.keys.refresh()
      #expect(self.keys.generation == generation)
    }
    let found = try await self.keys.key(id: nil, algorithm: .edDSA)
    #expect(found?.generation == 4)
  }

  /// For how long the run loop sleeps next; the limits of what is read are not meant.
  private func nap(_ count: inout Int) async -> Duration {
    repeat {
      count += 1
      await self.time.slept(times: count)
    } while self.time.naps[count - 1] == .seconds(5)
    return self.time.naps[count - 1]
  }

  @Test func `keys are read when they are old, and after a failure sooner and ever later`()
    async throws
  {
    let run = Task.immediate { await self.keys.run() }
    var naps = 0
    #expect(await self.nap(&naps) == .seconds(300))
    #expect(self.source.count == 1)
    self.fail("down")
    var wait: Duration = .seconds(300)
    for next in [10, 20, 40, 80, 160, 300, 300] {
      self.time.advance(by: wait)
      wait = .seconds(next)
      #expect(await self.nap(&naps) == wait)
    }
    #expect(self.source.count == 8)
    self.fail(nil)
    self.time.advance(by: wait)
    #expect(await self.nap(&naps) == .seconds(300))
    self.fail("down")
    self.time.advance(by: .seconds(300))
    #expect(await self.nap(&naps) == .seconds(10))
    #expect(self.told == ["loaded 1", "failed true: down", "recovered 1", "failed true: down"])
    run.cancel()
    await run.value
  }

  @Test func `a refresh that fails is tried again ten seconds later`() async throws {
    let run = Task.immediate { await self.keys.run() }
    var naps = 0
    #expect(await self.nap(&naps) == .seconds(300))
    self.fail("down")
    await #expect(throws: JWTKeySetError("down")) { try await self.keys.refresh() }
    #expect(await self.nap(&naps) == .seconds(10))
    // The next one that fails does not bring it nearer.
    await #expect(throws: JWTKeySetError("down")) { try await self.keys.refresh() }
    #expect(self.source.count == 3)
    self.time.advance(by: .seconds(10))
    #expect(await self.nap(&naps) == .seconds(10))
    self.fail(nil)
    self.time.advance(by: .seconds(10))
    #expect(await self.nap(&naps) == .seconds(300))
    #expect(self.source.count == 4)
    #expect(self.told == ["loaded 1", "failed true: down", "recovered 1"])
    run.cancel()
    await run.value
  }

  @Test func `a refresh that takes too long is tried again ten seconds later`() async throws {
    let run = Task.immediate { await self.keys.run() }
    var naps = 0
    #expect(await self.nap(&naps) == .seconds(300))
    self.source.script.hold(.read)
    let refresh = Task.immediate {
      await #expect(throws: JWTKeySetError.self) { try await self.keys.refresh() }
    }
    await self.source.script.reached(.read, times: 2)
    // With the limits of both readings.
    await self.time.slept(times: 3)
    self.time.advance(by: .seconds(5))
    _ = await refresh.value
    #expect(await self.nap(&naps) == .seconds(10))
    self.source.script.release(.read)
    run.cancel()
    await run.value
  }

  @Test func `tokens do not put off what is due`() async throws {
    let run = Task.immediate { await self.keys.run() }
    var naps = 0
    #expect(await self.nap(&naps) == .seconds(300))
    self.fail("down")
    for _ in 0..<29 {
      self.time.advance(by: .seconds(10))
      #expect(await self.failure("2")?.reason == .keysUnavailable)
    }
    self.fail(nil)
    self.source.serve(self.both)
    self.time.advance(by: .seconds(10))
    await self.source.script.reached(.read, times: 31)
    #expect(try await self.has("2"))
    run.cancel()
    await run.value
  }

  @Test func `nobody waits for a source longer than its limit`() async throws {
    self.source.script.hold(.read)
    let call = Task.immediate { await self.failure("1") }
    await self.source.script.reached(.read)
    await self.time.slept()
    self.time.advance(by: .seconds(5))
    #expect(await call.value?.reason == .keysUnavailable)
    // As long as it hangs nothing else is begun.
    self.time.advance(by: .seconds(60))
    #expect(await self.failure("1")?.reason == .keysUnavailable)
    await #expect(throws: JWTKeySetError.self) { try await self.keys.refresh() }
    #expect(self.source.count == 1)
    #expect(self.told == ["failed false: it cannot be read in time"])
    self.source.script.release(.read)
    var tellings = self.tellings.makeAsyncIterator()
    #expect(await tellings.next() == "failed false: it cannot be read in time")
    #expect(await tellings.next() == "loaded 1")
    #expect(try await self.has("1"))
  }

  @Test func `who gives up does not wait, and the others get their keys`() async throws {
    self.source.script.hold(.read)
    let calls = (0..<2).map { _ in Task.immediate { try await self.has("1") } }
    await self.source.script.reached(.read)
    calls[0].cancel()
    #expect(await calls[0].failure?.reason == .canceled)
    self.source.script.release(.read)
    #expect(try await calls[1].value)
    #expect(self.source.count == 1)
  }

  @Test func `a refresh reads after it was asked for, not before`() async throws {
    self.source.script.hold(.read)
    let call = Task.immediate { try await self.has("1") }
    await self.source.script.reached(.read)
    let refresh = Task.immediate { try await self.keys.refresh() }
    self.source.script.release(.read)
    _ = try await call.value
    try await refresh.value
    #expect(self.source.count == 2)
  }
}
