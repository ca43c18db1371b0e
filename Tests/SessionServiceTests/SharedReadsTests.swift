import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct SharedReadsTests {
  private let time = ManualTime()

  private func makeReads(
    maxAge: Duration = .zero, capacity: Int = 100
  ) -> SharedReads<String, Int> {
    SharedReads(maxAge: maxAge, capacity: capacity, now: { [time] in time.now })
  }

  @Test func `the last who waits takes the read with him`() async throws {
    let reads = self.makeReads()
    let script = Script<String>()
    script.hold("read")
    let calls = (0..<3).map { _ in
      Task.immediate { try await reads.read("a", script) }
    }
    await script.reached("read")
    for call in calls { call.cancel() }
    for call in calls { #expect(await call.failure?.code == .canceled) }
    await script.canceled("read")
  }

  @Test func `others are not harmed by one who gives up`() async throws {
    let reads = self.makeReads()
    let script = Script<String>()
    script.hold("read")
    let calls = (0..<3).map { _ in
      Task.immediate { try await reads.read("a", script) }
    }
    await script.reached("read")
    calls[0].cancel()
    #expect(await calls[0].failure?.code == .canceled)
    script.release("read")
    #expect(try await calls[1].value == 1)
    #expect(try await calls[2].value == 1)
    #expect(script.count("read") == 1)
  }

  @Test func `who comes after everyone gave up gets a read of his own`() async throws {
    let reads = self.makeReads()
    let script = Script<String>()
    script.hold("read")
    let first = Task.immediate { try await reads.read("a", script) }
    await script.reached("read")
    first.cancel()
    #expect(await first.failure?.code == .canceled)
    let second = Task.immediate { try await reads.read("a", script) }
    await script.reached("read", times: 2)
    script.release("read")
    #expect(try await second.value == 2)
  }

  @Test func `a task that is cancelled before it asks is refused`() async throws {
    let reads = self.makeReads()
    let script = Script<String>()
    script.hold("read")
    let call = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await reads.read("a", script)
    }
    #expect(await call.failure?.code == .canceled)
    script.release("read")
    #expect(try await reads.read("a", script) > 0)
  }

  @Test func `a dropped read answers those who wait and nobody else`() async throws {
    let reads = self.makeReads(maxAge: .seconds(60))
    let script = Script<String>()
    script.hold("read")
    let early = Task.immediate { try await reads.read("a", script) }
    await script.reached("read")
    reads.drop("a")
    let late = Task.immediate { try await reads.read("a", script, base: 100) }
    await script.reached("read", times: 2)
    script.release("read")
    let earlier = try await early.value
    #expect(earlier < 100)
    #expect(try await late.value > 100)
    #expect(try await reads.read("a", script, base: 200) > 100)
    #expect(script.count("read") == 2)
  }

  @Test func `keys have nothing to do with each other`() async throws {
    let reads = self.makeReads(maxAge: .seconds(60))
    let script = Script<String>()
    script.hold("read")
    let slow = Task.immediate { try await reads.read("a", script) }
    await script.reached("read")
    #expect(try await reads.value(for: "b") { 7 } == 7)
    script.release("read")
    _ = try await slow.value
    reads.drop("a")
    #expect(try await reads.value(for: "b") { 8 } == 7)
  }

  @Test func `no more than the capacity is kept`() async throws {
    let reads = self.makeReads(maxAge: .seconds(60), capacity: 10)
    for key in 0..<100 { _ = try await reads.value(for: "\(key)") { key } }
    var kept = 0
    for key in 0..<100 {
      let script = Script<String>()
      _ = try await reads.read("\(key)", script, base: -1)
      if script.steps.isEmpty { kept += 1 }
    }
    #expect(kept <= 10)
  }

  @Test func `nothing is kept of a key whose read was given up`() async throws {
    let reads = SharedReads<Name, Int>(
      maxAge: .zero, capacity: 10, now: { [time] in time.now })
    let script = Script<String>()
    script.hold("read")
    var name: Name? = Name()
    weak let watched = name
    let call = Task.immediate { [name] in
      guard let name else { return 0 }
      return try await reads.value(for: name) { () async throws(UserAPIError) -> Int in
        try await script.run("read") { 1 }
      }
    }
    name = nil
    await script.reached("read")
    call.cancel()
    #expect(await call.failure?.code == .canceled)
    while watched != nil { await Task.yield() }
    #expect(try await reads.value(for: Name()) { 7 } == 7)
  }

  @Test func `every call ends, however cancellation and completion meet`() async throws {
    let reads = self.makeReads()
    let script = Script<String>()
    var random = SeededRandom(seed: 7)
    for _ in 0..<300 {
      script.hold("read")
      let calls = (0..<8).map { _ in
        Task { try await reads.read("a", script) }
      }
      let cancelled = Set(calls.indices.filter { _ in Bool.random(using: &random) })
      let canceller = Task { for index in cancelled { calls[index].cancel() } }
      let releaser = Task { script.release("read") }
      for (index, call) in calls.enumerated() {
        switch await call.result {
        case .success: break
        case .failure(let error):
          #expect(cancelled.contains(index))
          #expect((error as? UserAPIError)?.code == .canceled)
        }
      }
      await canceller.value
      await releaser.value
    }
    #expect(try await reads.value(for: "a") { 7 } == 7)
  }
}

/// A key whose end can be seen.
private final class Name: Hashable, Sendable {
  static func == (left: Name, right: Name) -> Bool { left === right }

  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension SharedReads<String, Int> {
  /// A value from a read that goes by the script and gives its number.
  fileprivate func read(
    _ key: String, _ script: Script<String>, base: Int = 0
  ) async throws(UserAPIError) -> Int {
    try await self.value(for: key) { () async throws(UserAPIError) -> Int in
      try await script.run("read") { base + script.count("read") }
    }
  }
}
