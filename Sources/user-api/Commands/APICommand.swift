internal import ArgumentParser
internal import Foundation
internal import UserAPI
internal import UserAPIClient

/// A command that calls the server.
protocol APICommand: AsyncParsableCommand {
  var options: GlobalOptions { get }
  var root: UserAPICommand { get }

  func run(_ client: UserAPIClient, _ output: Output) async throws
}

extension APICommand {
  mutating func run() async throws {
    let options = self.options.merged(over: self.root.options)
    let configuration = try options.configuration(
      environment: ProcessInfo.processInfo.environment)
    let client: UserAPIClient
    do throws(UserAPIError) {
      client = try UserAPIClient(configuration: configuration)
    } catch {
      throw CommandFailure(
        message: "\(error.message) (\(error.reason.rawValue))", status: CommandFailure.usage)
    }
    do {
      let isTerminal = isatty(STDOUT_FILENO) != 0
      try await self.run(
        client, Output(isJSON: options.json || !isTerminal, isTerminal: isTerminal))
    } catch {
      await client.close()
      throw error
    }
    await client.close()
  }
}

/// Which session a command is about.
struct SessionOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The session's name, as \"session start\" prints it. (default: your usable session)",
      valueName: "name"))
  var session: String?

  /// - Throws: ``CommandFailure/noUsableSession`` when the option is not given and the caller has
  ///   no session that works or waits for a scan.
  func name(_ client: some UserAPIProtocol) async throws -> String {
    if let session { return session }
    guard let session = try await client.getWhatsAppSession() else {
      throw CommandFailure.noUsableSession
    }
    return session.sessionName
  }
}
