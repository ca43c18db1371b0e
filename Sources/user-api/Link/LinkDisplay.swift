internal import Foundation
internal import UserAPI

/// Shows on a terminal, or to a program, how a phone is being linked.
actor LinkDisplay {
  /// How it is shown.
  enum Manner {
    /// A JSON event a line.
    case json
    /// A line for each event, and each code once: for terminals that obey nothing.
    case lines
    /// A picture that changes in place.
    case picture
  }

  private let manner: Manner
  private let output: Output
  private let clock: LinkClock
  private var story = LinkStory()
  private var picture = TerminalPicture()
  private var lastCode: String?

  init(_ manner: Manner, _ output: Output, clock: LinkClock) {
    self.manner = manner
    self.output = output
    self.clock = clock
  }

  /// - Throws: `canceled` when nobody reads what is shown any more.
  func received(_ event: SessionEvent) throws(UserAPIError) {
    switch self.manner {
    case .json: self.output.print(event) { event.line }
    case .lines: self.print(event)
    case .picture:
      self.story.received(event, at: self.clock.now(), self.clock.wallClock())
      self.draw()
    }
    try Output.flush()
  }

  /// - Parameter notice: What is told of it.
  func lostServer(_ notice: String) {
    switch self.manner {
    case .json: break
    case .lines: Swift.print(notice)
    case .picture:
      self.story.lostServer(notice)
      self.draw()
    }
    fflush(nil)
  }

  /// Shows what the time has changed.
  func draw() {
    guard self.manner == .picture else { return }
    let size = TerminalSize.ofOutput
    self.write(
      self.picture.show(self.story.lines(at: self.clock.now(), on: size), on: size))
  }

  /// Gives the terminal back as it was.
  func end() {
    self.write(self.picture.end())
  }

  private func print(_ event: SessionEvent) {
    Swift.print(event.line)
    if let code = event.pairingCode { Swift.print("type on the phone: \(code.printable)") }
    guard let text = event.qr, text != self.lastCode else { return }
    self.lastCode = text
    if let matrix = QRMatrix(saying: text) { Swift.print(matrix.drawing) }
  }

  /// Writes all at once, so that the terminal shows nothing by halves.
  private func write(_ text: String) {
    if !text.isEmpty { FileHandle.standardOutput.write(Data(text.utf8)) }
  }
}
