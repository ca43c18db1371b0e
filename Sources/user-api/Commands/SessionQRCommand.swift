internal import ArgumentParser
internal import Foundation
internal import UserAPI
internal import UserAPIClient

struct SessionQRCommand: APICommand {
  static let configuration = CommandConfiguration(
    commandName: "qr",
    abstract: "Draw the QR code that links a phone.",
    discussion: """
      Scan it within a minute: WhatsApp > Linked devices > Link a device. Whoever scans it takes \
      over the session, so do not pass it on.
      """)

  @Option(
    help: ArgumentHelp(
      "Write the picture to a file that only you can read, instead.", valueName: "file"))
  var png: String?

  @OptionGroup var session: SessionOption
  @OptionGroup(title: "Global options") var options: GlobalOptions
  @ParentCommand var root: UserAPICommand

  func run(_ client: UserAPIClient, _ output: Output) async throws {
    let reply = try await client.getSessionQR(
      SessionRequest(sessionName: try await self.session.name(client)))
    if let png {
      try Self.write(try Self.picture(reply), to: png)
      return
    }
    try output.print(reply) {
      guard let image = GrayImage(png: try Self.picture(reply)), let code = QRMatrix(image) else {
        throw CommandFailure(
          message: "the picture shows no QR code that can be drawn; save it with --png FILE")
      }
      return code.drawing
    }
  }

  private static func picture(_ reply: SessionQRCode) throws -> [UInt8] {
    guard let data = Data(base64Encoded: reply.qr) else {
      throw UserAPIError(.invalidResponse, "the QR code is not in base64")
    }
    return Array(data)
  }

  /// Writes a file with mode 0600, also when there is one with another.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0, fchmod(descriptor, 0o600) == 0, ftruncate(descriptor, 0) == 0 else {
      if descriptor >= 0 { close(descriptor) }
      throw CommandFailure(message: "--png: cannot write \(path)")
    }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
      try file.write(contentsOf: Data(bytes))
      try file.close()
    } catch {
      throw CommandFailure(message: "--png: cannot write \(path)")
    }
  }
}
