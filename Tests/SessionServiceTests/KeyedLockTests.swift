import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct KeyedLockTests {
  @Test func `who waits gets the lock in the order of arrival`() async throws {
    let lock = KeyedLock<String>()
    let script = Script<String>()
    let order = Recorder<Int>()
    script.hold("work")
    let calls = (0..<20).map { number in
      Task.immediate {
        try await lock.withLock("a") { () async throws(UserAPIError) in
          order.append(number)
          try await script.run("work") {}
        }
      }
    }
    await script.reached("work")
    #expect(order.values == [0])
    script.release("work")
    for call in calls { try await call.value }
    #expect(order.values == Array(0..<20))
    #expect(script.mostAtOnce == 1)
  }

  @Test(arguments: 1...4)
  func `as many hold a key at once as are allowed`(limit: Int) async throws {
    let lock = KeyedLock<String>(limit: limit)
    let script = Script<String>()
    script.hold("work")
    let calls = (0..<20).map { _ in
      Task.immediate {
        try await lock.withLock("a") { () async throws(UserAPIError) in
          try await script.run("work") {}
        }
      }
    }
    await script.reached("work", times: limit)
    // One who waits may leave, and one who works.
    calls[0].cancel()
    calls[19].cancel()
    script.release("work")
    for call in calls[1..<19] { try await call.value }
    #expect(script.mostAtOnce == limit)
    #expect(script.count("work") <= 20)
    try await lock.withLock("a") { () async throws(UserAPIError) in try await script.run("work") {}
    }
  }

  @Test func `keys do not wait for each other`() async throws {
    let lock = KeyedLock<String>()
    let script = Script<String>()
    script.hold("a")
    let held = Task.immediate {
      try await lock.withLock("a") { () async throws(UserAPIError) in try await script.run("a") {} }
    }
    await script.reached("a")
    try await lock.withLock("b") { () async throws(UserAPIError) in try await script.run("b") {} }
    script.release("a")
    try await held.value
  }

  @Test func `a failure frees the lock`() async throws {
    let lock = KeyedLock<String>()
    let error = await failure { () async throws(UserAPIError) in
      try await lock.withLock("a") { () async throws(UserAPIError) in
        throw UserAPIError.unreachable
      }
    }
    #expect(error?.reason == .upstreamUnavailable)
    #expect(try await lock.withLock("a") { () async throws(UserAPIError) in 1 } == 1)
  }

  @Test func `who gives up while he waits never gets the lock`() async throws {
    let lock = KeyedLock<String>()
    let script = Script<String>()
    let order = Recorder<Int>()
    script.hold("work")
    let calls = (0..<4).map { number in
      Task.immediate {
        try await lock.withLock("a") { () async throws(UserAPIError) in
          order.append(number)
          try await script.run("work") {}
        }
      }
    }
    await script.reached("work")
    calls[1].cancel()
    #expect(await calls[1].failure?.code == .canceled)
    script.release("work")
    for index in [0, 2, 3] { try await calls[index].value }
    #expect(order.values == [0, 2, 3])
  }

  @Test func `the lock survives every meeting of cancellation and release`() async throws {
    let lock = KeyedLock<String>()
    let script = Script<String>()
    var random = SeededRandom(seed: 3)
    for _ in 0..<200 {
      let calls = (0..<10).map { _ in
        Task {
          try await lock.withLock("a") { () async throws(UserAPIError) in
            try await script.run("work") {}
          }
        }
      }
      for call in calls where Bool.random(using: &random) { call.cancel() }
      for call in calls { _ = await call.result }
    }
    try await lock.withLock("a") { () async throws(UserAPIError) in try await script.run("work") {}
    }
    #expect(script.mostAtOnce == 1)
  }
}
