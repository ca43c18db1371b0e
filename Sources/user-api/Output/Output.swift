internal import Foundation
internal import NIOCore
internal import UserAPI

/// Where results go: to a person or to a program.
struct Output {
  var isJSON: Bool
  /// Whether somebody looks at it.
  var isTerminal: Bool

  /// Prints a reply as JSON or as `text` has it.
  func print(_ reply: some Message, text: () throws -> String) rethrows {
    if self.isJSON {
      self.printJSON(String(buffer: reply.encoded()))
    } else {
      Swift.print(try text())
    }
  }

  /// Hands over what was printed: whoever reads a pipe waits for it.
  ///
  /// - Throws: `canceled` when nobody reads it any more.
  static func flush() throws(UserAPIError) {
    guard fflush(nil) == 0 else { throw .canceled }
  }

  func printJSON(_ json: String) {
    Swift.print(self.isTerminal ? json.escapedForTerminal : json)
  }
}
