internal import ArgumentParser
internal import Foundation
internal import UserAPIClient

struct CallCommand: APICommand {
  static let configuration = CommandConfiguration(
    commandName: "call",
    abstract: "Call any procedure with JSON, and print the JSON that it answers.",
    discussion: """
      For example: user-api call getSessionStatus '{"sessionName":"..."}'
      """)

  @Argument(help: "The procedure's name, such as getSessionStatus.")
  var procedure: String

  @Argument(help: "The input, a JSON object; - reads it from standard input.")
  var input = "{}"

  @OptionGroup(title: "Global options") var options: GlobalOptions
  @ParentCommand var root: UserAPICommand

  func run(_ client: UserAPIClient, _ output: Output) async throws {
    let input =
      self.input == "-"
      ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
      : self.input
    output.printJSON(try await client.call(self.procedure, json: input))
  }
}
