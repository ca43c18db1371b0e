internal import ArgumentParser
internal import Foundation
internal import UserAPI
internal import UserAPIClient

struct LinkCommand: APICommand {
  static let configuration = CommandConfiguration(
    commandName: "link",
    abstract: "Link a phone: start your session and show what to scan until it works.",
    discussion: """
      Makes the session if there is none. Shows each QR code in the place of the one before, with \
      the seconds that it lasts, and with --phone a code to type as well. A server that is lost, or \
      restarted, or asks to wait, is asked again until it answers. --timeout bounds it all; its \
      default is 5m. In JSON, QR codes come as text; whoever has one can take over the session.
      """)

  /// In which all the codes are shown that WhatsApp shows.
  private static let defaultTimeout: Duration = .seconds(300)
  private static let pauseAfterDeadline: Duration = .seconds(1)
  /// How often the picture is looked over for what the time has changed.
  private static let tick: Duration = .milliseconds(200)

  @Option(
    help: ArgumentHelp(
      "The number of the phone, with its country code, to get a code to type there as well.",
      valueName: "number"))
  var phone: String?

  @OptionGroup(title: "Global options") var options: GlobalOptions
  @ParentCommand var root: UserAPICommand

  func validate() throws {
    if let phone, PhoneNumber(phone) == nil {
      throw ValidationError("--phone must be a number with its country code, such as +15550000000")
    }
  }

  func run(_ client: UserAPIClient, _ output: Output) async throws {
    let clock = LinkClock.system
    let timeout = self.options.merged(over: self.root.options).timeout?.duration
    let display = LinkDisplay(Self.manner(output), output, clock: clock)
    await display.draw()
    do {
      try await self.link(
        client, display, clock: clock, deadline: clock.now() + (timeout ?? Self.defaultTimeout))
    } catch {
      await display.end()
      throw Task.isCancelled ? UserAPIError.canceled : Self.advised(error)
    }
    await display.end()
    if !output.isJSON { print("Linked.") }
  }

  private static func manner(_ output: Output) -> LinkDisplay.Manner {
    if output.isJSON { return .json }
    let terminal = ProcessInfo.processInfo.environment["TERM"] ?? ""
    return ["", "dumb"].contains(terminal) ? .lines : .picture
  }

  /// Returns when the session works.
  private func link(
    _ client: UserAPIClient, _ display: LinkDisplay, clock: LinkClock,
    deadline: ContinuousClock.Instant
  ) async throws {
    let request = LinkSessionRequest(
      phoneNumber: self.phone.flatMap(PhoneNumber.init), qrFormat: .text)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await Self.link(request, client, display, clock: clock) }
      group.addTask {
        while clock.now() < deadline {
          try await clock.sleep(min(Self.tick, clock.now().duration(to: deadline)))
          await display.draw()
        }
        throw UserAPIError(.deadlineExceeded, "no phone was linked in time")
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private static func link(
    _ request: LinkSessionRequest, _ client: some UserAPIProtocol, _ display: LinkDisplay,
    clock: LinkClock
  ) async throws {
    var server = LostServer()
    while true {
      let pause: Duration
      do throws(UserAPIError) {
        for try await event in try await client.linkSession(request) {
          server.heard()
          try await display.received(event)
        }
        return
      } catch {
        if error.reason == .deadlineExceeded {
          // The server's own limit, where this command has a longer one.
          pause = Self.pauseAfterDeadline
        } else {
          pause = try server.pause(after: error)
          await display.lostServer(LostServer.notice(of: error))
        }
      }
      try await clock.sleep(pause)
    }
  }

  /// The failure, with what to do next.
  private static func advised(_ error: any Error) -> any Error {
    guard var error = error as? UserAPIError else { return error }
    switch error.reason {
    case .qrCodesUsedUp:
      error.message =
        #"no phone has scanned any of the QR codes; run "user-api link" again with the phone at hand"#
    case .linkFailed:
      error.message = #"the session failed before a phone was linked; run "user-api link" again"#
    case .deadlineExceeded:
      error.message =
        #"no phone was linked in time; run "user-api link" again, with a longer --timeout if need be"#
    case .sessionMissingUpstream:
      error.message =
        #"the session was logged out or deleted meanwhile; run "user-api link" again"#
    default: break
    }
    return error
  }
}
