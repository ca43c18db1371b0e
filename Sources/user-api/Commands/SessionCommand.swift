internal import ArgumentParser
internal import UserAPI
internal import UserAPIClient

struct SessionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "session", abstract: "Manage your WhatsApp session.",
    subcommands: [
      Show.self, Start.self, Status.self, SessionQRCommand.self, Restart.self, Logout.self,
      SetPhone.self,
    ])

  struct Show: APICommand {
    static let configuration = CommandConfiguration(
      abstract: "Show your session with its groups and campaigns.",
      discussion: "Only a session that works or waits for a scan is shown.")

    @OptionGroup(title: "Global options") var options: GlobalOptions
    @ParentCommand var root: UserAPICommand

    func run(_ client: UserAPIClient, _ output: Output) async throws {
      let session = try await client.getWhatsAppSession()
      try output.print(session) {
        guard let session else { throw CommandFailure.noUsableSession }
        return session.table
      }
    }
  }

  struct Start: APICommand {
    static let configuration = CommandConfiguration(
      abstract: "Make your session, or bring it back, and start it. Prints its name.",
      discussion: "Safe to repeat. Go on with: user-api session qr")

    @OptionGroup(title: "Global options") var options: GlobalOptions
    @ParentCommand var root: UserAPICommand

    func run(_ client: UserAPIClient, _ output: Output) async throws {
      let session = try await client.initiateWhatsAppSession()
      output.print(session) {
        Table(rows: [["session", session.sessionName], ["id", session.id]]).text
      }
    }
  }

  struct Status: APICommand {
    static let configuration = CommandConfiguration(
      abstract: "Print WAHA's word for how the session is, such as SCAN_QR_CODE or WORKING.")

    @OptionGroup var session: SessionOption
    @OptionGroup(title: "Global options") var options: GlobalOptions
    @ParentCommand var root: UserAPICommand

    func run(_ client: UserAPIClient, _ output: Output) async throws {
      let reply = try await client.getSessionStatus(
        SessionRequest(sessionName: try await self.session.name(client)))
      output.print(reply) { reply.status.rawValue.printable }
    }
  }

  struct Restart: APICommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop the session and start it again.")

    @OptionGroup var session: SessionOption
    @OptionGroup(title: "Global options") var options: GlobalOptions
    @ParentCommand var root: UserAPICommand

    func run(_ client: UserAPIClient, _ output: Output) async throws {
      let name = try await self.session.name(client)
      let reply = try await client.restartSession(SessionRequest(sessionName: name))
      output.print(reply) { "restarted \(name.printable)" }
    }
  }

  struct Logout: APICommand {
    static let configuration = CommandConfiguration(
      abstract: "Unlink the phone and delete the session at WAHA.",
      discussion: "Safe to repeat. \"session start\" makes a new one with the same name.")

    @OptionGroup var session: SessionOption
    @OptionGroup(title: "Global options") var options: GlobalOptions
    @ParentCommand var root: UserAPICommand

    func run(_ client: UserAPIClient, _ output: Output) async throws {
      let name = try await self.session.name(client)
      let reply = try await client.logoutSession(SessionRequest(sessionName: name))
      output.print(reply) { "logged out \(name.printable)" }
    }
  }

  struct SetPhone: APICommand {
    static let configuration = CommandConfiguration(
      abstract: "Store the phone number of the session.")

    @Argument(help: "The number with its country code: +1 555 000 0000")
    var number: String

    @Option(
      help: ArgumentHelp(
        "The session's id, as \"session start\" prints it. (default: your usable session's)",
        valueName: "id"))
    var id: String?

    @OptionGroup(title: "Global options") var options: GlobalOptions
    @ParentCommand var root: UserAPICommand

    func validate() throws {
      guard PhoneNumber(self.number) != nil else {
        throw ValidationError("the number must be a phone number with its country code")
      }
    }

    func run(_ client: UserAPIClient, _ output: Output) async throws {
      guard let number = PhoneNumber(self.number) else { return }
      var id = self.id
      if id == nil { id = try await client.getWhatsAppSession()?.id }
      guard let id else {
        throw CommandFailure(
          message: #"no usable session; run "user-api session start" or give --id ID"#)
      }
      let reply = try await client.updateSessionPhone(
        UpdateSessionPhoneRequest(id: id, phoneNumber: number))
      output.print(reply) { "stored" }
    }
  }
}

extension WhatsAppSession {
  /// For a terminal.
  var table: String {
    let fields = Table(rows: [
      ["session", self.sessionName], ["id", self.id], ["phone", self.phoneNumber ?? "-"],
      ["user", self.userId], ["created", self.createdAt.description],
      ["updated", self.updatedAt.description],
    ])
    guard !self.groups.isEmpty else { return fields.text }
    var groups = Table(header: ["GROUP", "ID", "CAMPAIGN", "STATUS", "START"])
    for group in self.groups {
      var name = [group.groupName, group.groupId]
      for campaign in group.campaigns {
        groups.rows.append(
          name + [campaign.id, campaign.status, campaign.startDate.description])
        name = ["", ""]
      }
      if group.campaigns.isEmpty { groups.rows.append(name) }
    }
    return fields.text + "\n\n" + groups.text
  }
}
