import Foundation
import Testing

/// A program on a terminal that nobody sees, by tmux.
struct Terminal {
  /// Two modules of a code, one above the other.
  private struct Cell: Equatable {
    var upper = 0
    var lower = 0
  }

  private let folder: URL
  private let socket: String

  /// Runs one of this package's programs on a terminal of its own, and `body` beside it. The terminal
  /// shows the program's exit status when it has ended, as `status=0`.
  static func with(
    columns: Int, rows: Int, _ program: String, _ arguments: [String],
    environment: [String: String], in folder: URL, _ body: (Terminal) async throws -> Void
  ) async throws {
    let socket = folder.appending(path: UUID().uuidString.prefix(8) + ".tmux").path
    // In the foreground: whoever waits for a program waits for all that hold its files, too.
    let server = try Program(
      "/usr/bin/tmux", ["-S", socket, "-u", "-f", "/dev/null", "-D"],
      environment: environment.merging(["LC_ALL": "C.UTF-8"]) { $1 }, in: folder)
    let terminal = Terminal(folder: folder, socket: socket)
    let words = [Program.folder.appending(path: program).path] + arguments
    let command = words.map { "'\($0)'" }.joined(separator: " ") + "; echo status=$?; exec cat"
    do {
      try await eventually("there is a terminal") {
        try await terminal.run(
          ["new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", command]
        ).status == 0
      }
      try await body(terminal)
    } catch {
      Issue.record("the terminal shows:\n\(try await terminal.run(["capture-pane", "-p"]).output)")
      server.signal(SIGKILL)
      await server.end()
      throw error
    }
    server.signal(SIGKILL)
    await server.end()
  }

  private func run(_ arguments: [String]) async throws -> Run {
    try await Run(
      "tmux", ["-S", self.socket, "-u", "-N"] + arguments,
      environment: ["LC_ALL": "C.UTF-8"], in: self.folder)
  }

  @discardableResult
  private func tmux(_ arguments: [String]) async throws -> String {
    let run = try await self.run(arguments)
    guard run.status == 0 else { throw Program.Failure(description: "tmux: \(run.errors)") }
    return run.output
  }

  /// What it shows, without colours.
  func screen() async throws -> String {
    try await self.tmux(["capture-pane", "-p"])
  }

  /// Looks until it shows that.
  func shows(_ text: String) async throws {
    try await eventually("the terminal shows \(text)") {
      try await self.screen().contains(text)
    }
  }

  func press(_ key: String) async throws {
    try await self.tmux(["send-keys", key])
  }

  func resize(columns: Int, rows: Int) async throws {
    try await self.tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  /// Whether it shows its cursor and its first screen.
  var isPlain: Bool {
    get async throws {
      try await self.tmux(["display-message", "-p", "#{cursor_flag} #{alternate_on}"])
        == "1 0\n"
    }
  }

  /// Signals the program.
  func signal(_ number: Int32) async throws {
    let shell = try await self.tmux(["display-message", "-p", "#{pane_pid}"])
    let run = try await Run(
      "pgrep", ["-P", shell.trimmingCharacters(in: .whitespacesAndNewlines)], in: self.folder)
    kill(try #require(Int32(run.output.trimmingCharacters(in: .whitespacesAndNewlines))), number)
  }

  /// What the QR codes say that can be seen on it, by a reader of pictures.
  func codes() async throws -> [String] {
    let rows = Self.cells(try await self.tmux(["capture-pane", "-p", "-e"]))
    let width = rows.map(\.count).max() ?? 0
    guard width > 0 else { return [] }
    let scale = 4
    var pixels: [UInt8] = []
    for row in rows {
      for part in [\Cell.upper, \Cell.lower] {
        let line = (0..<width).flatMap { column -> [UInt8] in
          // The palette's fixed white; all else is as good as black.
          let isLight = column < row.count && row[column][keyPath: part] == 231
          return Array(repeating: isLight ? 255 : 0, count: scale)
        }
        for _ in 0..<scale { pixels += line }
      }
    }
    let picture = self.folder.appending(path: "screen.pgm")
    let header = "P5\n\(width * scale) \(rows.count * 2 * scale)\n255\n"
    try Data(Array(header.utf8) + pixels).write(to: picture)
    let run = try await Run(
      "zbarimg", ["--raw", "-q", "-Sdisable", "-Sqrcode.enable", picture.path], in: self.folder)
    return run.output.split(separator: "\n").map(String.init)
  }

  /// The half-blocks of a captured screen by their colours of the palette, and 0 for all else.
  private static func cells(_ text: String) -> [[Cell]] {
    var colours = Cell()
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var cells: [Cell] = []
      var rest = line.unicodeScalars[...]
      while let scalar = rest.popFirst() {
        guard scalar == "\u{1B}" else {
          cells.append(scalar == "\u{2580}" ? colours : Cell())
          continue
        }
        let sequence = rest.prefix { $0 != "m" }
        rest = rest.dropFirst(sequence.count + 1)
        let numbers = String(sequence.dropFirst()).split(
          separator: ";", omittingEmptySubsequences: false
        ).map { Int($0) ?? 0 }
        Self.apply(numbers, to: &colours)
      }
      return cells
    }
  }

  private static func apply(_ numbers: [Int], to colours: inout Cell) {
    var rest = numbers[...]
    while let number = rest.popFirst() {
      switch number {
      case 0: colours = Cell()
      case 38:
        colours.upper = rest.dropFirst().first ?? 0
        rest = rest.dropFirst(2)
      case 48:
        colours.lower = rest.dropFirst().first ?? 0
        rest = rest.dropFirst(2)
      case 39: colours.upper = 0
      case 49: colours.lower = 0
      default: break
      }
    }
  }
}
