internal import DequeModule

/// What became of the sessions of one name, the first of them on.
package struct History: Sendable {
  package struct Entry: Sendable, Equatable {
    /// Nil: the session was deleted.
    package var status: String?
    /// In milliseconds since 1970.
    package var atMs: Int
    /// The code on show, while one is.
    package var code: Code?
  }

  package struct Code: Sendable, Equatable {
    /// Counts the codes of one session.
    package var serial: Int
    package var text: String
  }

  /// An entry without the code's text, which is long and can be made again.
  private struct Line {
    var status: String?
    var atMs: Int
    var session: Int
    var code: Int?
  }

  /// How many entries are kept: the latest.
  static let capacity = 10_000

  private var lines = Deque<Line>()
  /// How often the name stands in the list of the deleted.
  var deletions = 0

  /// - Parameters:
  ///   - session: The serial of the session.
  ///   - code: The serial of the code on show.
  mutating func add(_ status: String?, atMs: Int, session: Int, code: Int? = nil) {
    if self.lines.count == Self.capacity { self.lines.removeFirst() }
    self.lines.append(Line(status: status, atMs: atMs, session: session, code: code))
  }

  func entries(of name: String) -> [Entry] {
    self.lines.map { line in
      Entry(
        status: line.status, atMs: line.atMs,
        code: line.code.map { code in
          Code(
            serial: code, text: Session.codeText(of: name, session: line.session, code: code))
        })
    }
  }
}
