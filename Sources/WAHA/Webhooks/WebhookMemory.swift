internal import DequeModule
internal import UserAPI

/// What was accepted, for as long as it could come again. Bounded: when it is full the oldest goes.
struct WebhookMemory: Sendable {
  enum Key: Hashable, Sendable {
    /// An event's id.
    case event(String)
    /// The id of a request, which all tries to deliver it have.
    case request(String)
    /// A body, by its signature.
    case body([UInt8])
  }

  private struct Entry {
    var key: Key
    var until: Timestamp
  }

  private let capacity: Int
  private var moments: [Key: Timestamp] = [:]
  /// In the order in which they came.
  private var entries: Deque<Entry> = []

  init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  var count: Int { self.moments.count }

  func contains(_ key: Key, at now: Timestamp) -> Bool {
    self.moments[key].map { $0 >= now } == true
  }

  /// Remembers `key` up to and with that moment.
  mutating func insert(_ key: Key, until: Timestamp, at now: Timestamp) {
    while let oldest = self.entries.first,
      oldest.until < now || self.entries.count >= self.capacity
    {
      self.entries.removeFirst()
      // It may have come anew since.
      if self.moments[oldest.key] == oldest.until { self.moments[oldest.key] = nil }
    }
    self.moments[key] = until
    self.entries.append(Entry(key: key, until: until))
  }
}
