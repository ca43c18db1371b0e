/// A bounded map whose entries are good for a while. A value type; whoever shares it locks it.
///
/// Entries live in two generations: when the young one is full it becomes the old one and the old
/// one is dropped, so that every operation takes constant time and what is in use survives.
///
/// Public and inlinable, because every call looks into several: only so does the compiler of another
/// module know what the keys and the values are.
public struct ExpiringCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  @usableFromInline struct Entry: Sendable {
    @usableFromInline var value: Value
    @usableFromInline var storedAt: ContinuousClock.Instant

    @inlinable init(value: Value, storedAt: ContinuousClock.Instant) {
      self.value = value
      self.storedAt = storedAt
    }
  }

  /// Nil for ever.
  @usableFromInline let lifetime: Duration?
  @usableFromInline let generationSize: Int
  @usableFromInline var young: [Key: Entry] = [:]
  @usableFromInline var old: [Key: Entry] = [:]

  /// - Parameters:
  ///   - lifetime: For how long an entry is given out after it was stored; zero for not at all, nil
  ///     for as long as there is room.
  ///   - capacity: How many entries to keep at most, 2 or more.
  @inlinable public init(lifetime: Duration?, capacity: Int) {
    self.lifetime = lifetime
    self.generationSize = max(1, capacity / 2)
  }

  /// What was stored, while it is good.
  @inlinable public mutating func value(
    for key: Key, at now: ContinuousClock.Instant
  ) -> Value? {
    if let entry = self.young[key] {
      return self.isGood(entry, at: now) ? entry.value : nil
    }
    guard let entry = self.old[key], self.isGood(entry, at: now) else { return nil }
    self.old.removeValue(forKey: key)
    self.insert(entry, for: key)
    return entry.value
  }

  /// What was stored last, however old.
  @inlinable public func lastValue(for key: Key) -> Value? {
    (self.young[key] ?? self.old[key])?.value
  }

  /// Stores a value, in place of another of the key.
  @inlinable public mutating func store(
    _ value: Value, for key: Key, at now: ContinuousClock.Instant
  ) {
    if let lifetime, lifetime <= .zero { return }
    if !self.old.isEmpty { self.old.removeValue(forKey: key) }
    self.insert(Entry(value: value, storedAt: now), for: key)
  }

  /// Forgets what was stored for the key.
  @inlinable public mutating func remove(_ key: Key) {
    self.young.removeValue(forKey: key)
    self.old.removeValue(forKey: key)
  }

  @inlinable func isGood(_ entry: Entry, at now: ContinuousClock.Instant) -> Bool {
    self.lifetime.map { now - entry.storedAt < $0 } ?? true
  }

  @inlinable mutating func insert(_ entry: Entry, for key: Key) {
    if let index = self.young.index(forKey: key) {
      self.young.values[index] = entry
      return
    }
    if self.young.count >= self.generationSize {
      self.old = self.young
      self.young = [:]
    }
    self.young[key] = entry
  }
}
