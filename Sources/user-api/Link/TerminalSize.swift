internal import Foundation

/// How many characters a terminal has room for.
struct TerminalSize: Equatable {
  var columns: Int
  var rows: Int

  /// Of the terminal at standard output; 80 by 24 where it does not say.
  static var ofOutput: TerminalSize {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
    else { return TerminalSize(columns: 80, rows: 24) }
    return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }
}
