internal import ArgumentParser
internal import UserAPI
internal import UserAPIClient

struct WatchCommand: APICommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Print a line for each change of the session, until it is logged out.",
    discussion: """
      The first line is how the session is now. A server that is lost, or restarted, or asks to \
      wait, is asked again until it answers, and the watch goes on where it was; --timeout does \
      not bound it. In JSON, QR codes come as text; whoever has one can take over the session.
      """)

  @Option(
    help: ArgumentHelp(
      "Go on behind the event with this number, the \"seq\" of its JSON.", valueName: "seq"))
  var after: Int?

  @OptionGroup var session: SessionOption
  @OptionGroup(title: "Global options") var options: GlobalOptions
  @ParentCommand var root: UserAPICommand

  func validate() throws {
    guard self.after ?? 0 >= 0 else { throw ValidationError("--after must be at least 0") }
  }

  func run(_ client: UserAPIClient, _ output: Output) async throws {
    var request = WatchSessionRequest(
      sessionName: try await self.session.name(client), after: self.after, qrFormat: .text)
    var server = LostServer()
    while true {
      let pause: Duration
      do throws(UserAPIError) {
        for try await event in try await client.watchSession(request) {
          request.after = event.seq
          server.heard()
          output.print(event) { event.line }
          try Output.flush()
        }
        return
      } catch {
        pause = try server.pause(after: error)
      }
      do { try await Task.sleep(for: pause) } catch { throw UserAPIError.canceled }
    }
  }
}

extension SessionEvent {
  /// For a terminal. Without the code, which others could see over the shoulder.
  var line: String {
    var line = "\(self.at)  \(self.status.rawValue.printable)"
    if self.reported != self.status { line += "  WAHA says \(self.reported.rawValue.printable)" }
    if let attempt {
      line += "  code \(attempt)" + (self.attempts.map { " of \($0)" } ?? "")
    } else if self.qr != nil {
      line += "  code"
    }
    if let expiresAt { line += " until \(expiresAt)" }
    if let reason { line += "  (\(reason.rawValue.printable))" }
    return line
  }
}
