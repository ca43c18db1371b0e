import AuthService
import Testing

@Suite struct ExpiringCacheTests {
  private let start = ContinuousClock.now

  @Test func `an entry is good until its lifetime is over`() {
    var cache = ExpiringCache<String, Int>(lifetime: .seconds(1), capacity: 10)
    #expect(cache.value(for: "a", at: self.start) == nil)
    cache.store(1, for: "a", at: self.start)
    #expect(cache.value(for: "a", at: self.start) == 1)
    #expect(cache.value(for: "a", at: self.start + .milliseconds(999)) == 1)
    #expect(cache.value(for: "a", at: self.start + .seconds(1)) == nil)
  }

  @Test func `reading an entry does not make it younger`() {
    var cache = ExpiringCache<String, Int>(lifetime: .seconds(1), capacity: 4)
    cache.store(1, for: "a", at: self.start)
    for index in 0..<20 {
      cache.store(index, for: "\(index)", at: self.start + .milliseconds(500))
      #expect(cache.value(for: "a", at: self.start + .milliseconds(500)) == 1)
    }
    #expect(cache.value(for: "a", at: self.start + .seconds(1)) == nil)
  }

  @Test func `storing again renews`() {
    var cache = ExpiringCache<String, Int>(lifetime: .seconds(1), capacity: 10)
    cache.store(1, for: "a", at: self.start)
    cache.store(2, for: "a", at: self.start + .milliseconds(500))
    #expect(cache.value(for: "a", at: self.start + .milliseconds(1_400)) == 2)
  }

  @Test func `a lifetime of zero keeps nothing`() {
    var cache = ExpiringCache<String, Int>(lifetime: .zero, capacity: 10)
    cache.store(1, for: "a", at: self.start)
    #expect(cache.value(for: "a", at: self.start) == nil)
  }

  @Test func `what is removed is gone from both generations`() {
    var cache = ExpiringCache<Int, Int>(lifetime: .seconds(1), capacity: 4)
    for key in 0..<4 { cache.store(key, for: key, at: self.start) }
    for key in 0..<4 {
      cache.remove(key)
      #expect(cache.value(for: key, at: self.start) == nil)
    }
  }

  @Test func `a newer value is not hidden by one of the old generation`() {
    var cache = ExpiringCache<String, Int>(lifetime: .seconds(1), capacity: 4)
    cache.store(1, for: "a", at: self.start)
    cache.store(1, for: "b", at: self.start)
    cache.store(1, for: "c", at: self.start)
    cache.store(2, for: "a", at: self.start)
    #expect(cache.value(for: "a", at: self.start) == 2)
    cache.remove("a")
    #expect(cache.value(for: "a", at: self.start) == nil)
  }

  @Test(arguments: [0, 1, 2, 3, 4, 10, 100])
  func `there are never more entries than the capacity`(capacity: Int) {
    var cache = ExpiringCache<Int, Int>(lifetime: .seconds(1), capacity: capacity)
    for key in 0..<500 {
      cache.store(key, for: key, at: self.start)
      var copy = cache
      let kept = (0...key).count { copy.value(for: $0, at: self.start) != nil }
      #expect(kept <= max(2, capacity))
      #expect(cache.value(for: key, at: self.start) == key)
    }
  }

  @Test func `what is in use survives any number of newcomers`() {
    var cache = ExpiringCache<Int, Int>(lifetime: .seconds(1), capacity: 10)
    cache.store(-1, for: -1, at: self.start)
    for key in 0..<1_000 {
      cache.store(key, for: key, at: self.start)
      if key % 3 == 0 { #expect(cache.value(for: -1, at: self.start) == -1) }
    }
  }
}
