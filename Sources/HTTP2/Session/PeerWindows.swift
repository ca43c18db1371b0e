/// The windows that the peer gave to the open streams before it changed the first window of all of
/// them by SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113, section 6.9.2).
struct PeerWindows {
  private static let largest: Int64 = (1 << 31) - 1

  /// What a new stream began with, in bytes.
  let initial: UInt32
  /// The widest window of an open stream, in bytes. Default: none is open.
  private(set) var widest: Int32?

  init(initial: UInt32) {
    self.initial = initial
  }

  mutating func add(_ window: Int32) {
    self.widest = max(self.widest ?? window, window)
  }

  /// Whether the change makes a window larger than there may be one.
  func overflow(with initial: UInt32) -> Bool {
    guard let widest else { return false }
    return Int64(widest) + Int64(initial) - Int64(self.initial) > Self.largest
  }
}
