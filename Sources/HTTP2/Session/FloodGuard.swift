internal import NIOCore

/// Holds a peer to the ``FloodLimits``, by the heads of its frames.
struct FloodGuard {
  private let limits: FloodLimits
  private var continuations = 0
  private var resets = RateMeter()
  private var pings = RateMeter()
  private var settings = RateMeter()
  private var priorities = RateMeter()
  private var windowUpdates = RateMeter()
  private var smallData = RateMeter()
  private var unknownFrames = RateMeter()
  /// Bytes of body sent that have not earned a WINDOW_UPDATE yet.
  private var sentBytes = 0

  init(limits: FloodLimits) {
    self.limits = limits
  }

  /// The peer sent a frame.
  ///
  /// - Returns: the limit that it goes beyond, if it does.
  mutating func received(_ frame: FrameHead, at now: NIODeadline) -> ConnectionLimit? {
    switch frame.type {
    case FrameHead.Kind.data:
      let padding = frame.isPadded ? FloodLimits.mostPadding : 0
      guard frame.length < FloodLimits.smallDataSize + padding, !frame.endsStream else {
        return nil
      }
      return self.smallData.count(self.limits.smallData, at: now) ? nil : .smallData
    case FrameHead.Kind.headers:
      self.continuations = 0
      self.priorities.earn(1, self.limits.priorities)
      self.windowUpdates.earn(4, self.limits.windowUpdates)
      self.smallData.earn(2, self.limits.smallData)
      self.unknownFrames.earn(1, self.limits.unknownFrames)
      self.pings.earn(1, self.limits.pings)
      return nil
    case FrameHead.Kind.continuation:
      self.continuations += 1
      return self.continuations <= self.limits.continuations ? nil : .continuations
    case FrameHead.Kind.priority:
      return self.priorities.count(self.limits.priorities, at: now) ? nil : .priorities
    case FrameHead.Kind.reset:
      // Some clients send a PING with each.
      self.pings.earn(1, self.limits.pings)
      return self.reset(at: now)
    case FrameHead.Kind.settings:
      return self.settings.count(self.limits.settings, at: now) ? nil : .settings
    case FrameHead.Kind.pushPromise:
      // Breaks the protocol, and libnghttp2 says so.
      return nil
    case FrameHead.Kind.ping:
      return self.pings.count(self.limits.pings, at: now) ? nil : .pings
    case FrameHead.Kind.windowUpdate:
      return self.windowUpdates.count(self.limits.windowUpdates, at: now) ? nil : .windowUpdates
    default:
      return self.unknownFrames.count(self.limits.unknownFrames, at: now) ? nil : .unknownFrames
    }
  }

  /// This side reset a stream, for whatever reason: a peer that provokes that has it do the work of
  /// a request for nothing, as one that resets itself.
  mutating func sentReset(at now: NIODeadline) -> ConnectionLimit? {
    self.reset(at: now)
  }

  /// A call was answered to its end.
  mutating func finishedStream() {
    self.resets.earn(1, self.limits.resets)
  }

  /// This side sent so many bytes of body.
  mutating func sentData(_ count: Int) {
    self.sentBytes += count
    guard self.sentBytes >= 1_024 else { return }
    self.windowUpdates.earn(self.sentBytes / 1_024, self.limits.windowUpdates)
    self.sentBytes %= 1_024
  }

  private mutating func reset(at now: NIODeadline) -> ConnectionLimit? {
    self.resets.count(self.limits.resets, at: now) ? nil : .resets
  }
}
