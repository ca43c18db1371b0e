/// What became of a webhook; a metric's label.
package enum WebhookOutcome: String, CaseIterable, Sendable {
  /// The session is looked at, if it is one of ours.
  case accepted
  /// It was accepted before.
  case duplicate
  /// It tells of something else than the status of a session.
  case ignored
  /// It has no signature, or not that of its body.
  case forged
  /// It is signed, and makes no sense.
  case malformed
  /// It tells of what was too long ago, or is to come.
  case expired
}
