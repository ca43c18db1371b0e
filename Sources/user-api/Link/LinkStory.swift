internal import UserAPI

/// What somebody who links a phone is to see, by what has happened so far.
struct LinkStory {
  /// The longest time that WhatsApp shows a code for, and some more. A code that seems to last longer
  /// comes from a server whose clock is another.
  private static let longestLifetime: Duration = .seconds(65)

  /// A code on the screen.
  private struct Code {
    var text: String
    /// Nil when it cannot be drawn.
    var matrix: QRMatrix?
    /// Nil when nobody knows.
    var endsAt: ContinuousClock.Instant?
  }

  private var event: SessionEvent?
  private var code: Code?
  private var isScanned = false
  /// Why the server is asked again, while it is.
  private var notice: String?

  // MARK: What happens

  /// - Parameters:
  ///   - now: When it came, by both clocks.
  mutating func received(
    _ event: SessionEvent, at now: ContinuousClock.Instant, _ wallClock: Timestamp
  ) {
    if event.isAwaitingScan {
      self.isScanned = false
    } else if self.event?.isAwaitingScan == true, event.reported != .failed {
      self.isScanned = true
    }
    self.notice = nil
    self.event = event
    guard let text = event.qr, event.isAwaitingScan else {
      self.code = nil
      return
    }
    if text == self.code?.text { return }
    self.code = Code(
      text: text, matrix: QRMatrix(saying: text),
      endsAt: event.expiresAt.flatMap { expiresAt in
        let left = Duration.milliseconds(
          expiresAt.millisecondsSinceEpoch - wallClock.millisecondsSinceEpoch)
        // The server sends no code that is over, so one that seems to be has another clock.
        guard left > .zero, left <= Self.longestLifetime else { return nil }
        return now + left
      })
  }

  /// The server was lost, or lets nobody in, and is asked again.
  ///
  /// - Parameter notice: What is told of it.
  mutating func lostServer(_ notice: String) {
    self.notice = notice
  }

  // MARK: What there is to see

  /// The lines that show it, none of which is too long.
  func lines(at now: ContinuousClock.Instant, on size: TerminalSize) -> [String] {
    var blocks: [[String]] = []
    let isWaiting = self.event?.isAwaitingScan == true
    if isWaiting { blocks += self.pairing(size) }
    let status = self.status(at: now).wrapped(to: size.columns)
    let code = isWaiting ? self.code(at: now) : nil
    if let code {
      if let matrix = code.matrix {
        let intro = Self.scanning.wrapped(to: size.columns)
        let rows = blocks.rows + intro.count + matrix.drawnRows + status.count + 2
        if matrix.drawnColumns <= size.columns, rows <= size.rows {
          blocks.append(intro)
          blocks.append(matrix.drawing.split(separator: "\n").map(String.init))
        } else if self.event?.pairingCode == nil {
          let text = """
            The terminal is too small for the QR code: it takes \(matrix.drawnColumns) columns and \
            \(rows) rows, and there are \(size.columns) and \(size.rows).
            """
          blocks.append(text.wrapped(to: size.columns))
        }
      } else {
        blocks.append("The QR code cannot be drawn.".wrapped(to: size.columns))
      }
    }
    if !status.isEmpty { blocks.append(status) }
    return Array(blocks.joined(separator: [""]).suffix(size.rows))
  }

  private static let scanning =
    "Scan this with WhatsApp on the phone: Linked devices > Link a device."

  /// The code, unless its time is over.
  private func code(at now: ContinuousClock.Instant) -> Code? {
    guard let code else { return nil }
    if let endsAt = code.endsAt, endsAt <= now { return nil }
    return code
  }

  /// How to type a code, where there is one.
  private func pairing(_ size: TerminalSize) -> [[String]] {
    if let text = self.event?.pairingCode {
      let how = """
        Type this code on the phone: WhatsApp > Linked devices > Link a device > Link with phone \
        number instead.
        """
      let large = text.printable.map(String.init).joined(separator: " ")
      return [
        how.wrapped(to: size.columns),
        ("    " + large).wrapped(to: size.columns).map { "\u{1B}[1m" + $0 },
      ]
    }
    guard self.event?.reason == .pairingCodeRefused else { return [] }
    return ["WhatsApp gives no code to type now; scan instead.".wrapped(to: size.columns)]
  }

  /// The last line.
  private func status(at now: ContinuousClock.Instant) -> String {
    if let notice { return notice }
    guard let event else { return "Starting the session…" }
    guard event.isAwaitingScan else {
      if event.status == .working { return "Linked." }
      if self.isScanned { return "Scanned. Linking…" }
      if event.reported == .starting { return "Starting the session…" }
      return "The session is \(event.status.rawValue.printable)."
    }
    guard let code = self.code(at: now) else { return "waiting for the next code" }
    var parts: [String] = []
    if let attempt = event.attempt {
      parts.append("code \(attempt)" + (event.attempts.map { " of \($0)" } ?? ""))
    }
    if let endsAt = code.endsAt {
      let left = now.duration(to: endsAt)
      parts.append("\(left.components.seconds + (left.components.attoseconds > 0 ? 1 : 0)) s left")
    }
    return parts.joined(separator: ", ")
  }
}

extension SessionEvent {
  /// A session that was scanned may still be shown as waiting for a moment; WAHA knows better.
  fileprivate var isAwaitingScan: Bool {
    self.status == .scanQRCode && self.reported == .scanQRCode
  }
}

extension [[String]] {
  /// How many lines the blocks take, each with an empty one behind it.
  fileprivate var rows: Int { self.reduce(0) { $0 + $1.count + 1 } }
}
