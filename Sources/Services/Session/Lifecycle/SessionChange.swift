/// What happens to a session at WAHA, by a server's hand.
package enum SessionChange: String, Sendable {
  /// Something is done to it from now on.
  case began
  /// It is removed from now on.
  case removalBegan = "removing"
  case ended
}
