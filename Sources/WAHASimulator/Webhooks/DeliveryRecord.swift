/// What became of one delivery.
package struct DeliveryRecord: Sendable, Equatable {
  package enum State: String, Sendable {
    /// Delayed, held back, in the queue, on its way, or waiting to be tried again.
    case pending
    /// Answered with 2xx.
    case delivered
    /// Given up: every try failed, nothing can be sent to its URL, or too many are pending.
    case failed
    /// Never sent, because it was told to lose it.
    case dropped
  }

  /// The event's; nil from a version that gives events no id.
  package var id: String?
  package var session: String
  package var status: String
  /// The event's time, in milliseconds since 1970.
  package var atMs: Int
  /// The tries so far.
  package var attempts = 0
  /// What the last try was answered; nil when it was not, or there was none.
  package var lastStatus: Int?
  package var state = State.pending

  init(_ delivery: Delivery) {
    self.id = delivery.eventID
    self.session = delivery.session
    self.status = delivery.status
    self.atMs = delivery.atMs
  }
}
