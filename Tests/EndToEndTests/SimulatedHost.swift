import Foundation
import Testing

/// A simulator beside that of a deployment, with a name among the hosts of the server.
struct SimulatedHost: Sendable {
  let name: String
  let program: Program
  let url: String
  private let folder: URL

  init(_ name: String, in folder: URL) async throws {
    self.name = name
    self.folder = folder
    self.program = try Program(
      "waha-simulator",
      [
        "--engine", "NOWEB", "--scan-after", "never", "--start-delay", "1ms",
        "--operation-time", "1ms", "--qr-wait", "100ms", "--listen", "127.0.0.1:0",
      ], environment: ["WAHA_API_KEY": Deployment.wahaKey], in: folder)
    let line = try await self.program.line { $0.contains("listening on ") }
    self.url = line.split(separator: " ").first { $0.hasPrefix("http://") }.map(String.init) ?? ""
  }

  /// Its entry in the setting.
  func entry(capacity: Int? = nil) -> String {
    "\(self.name)=\(self.url)" + (capacity.map { ",capacity=\($0)" } ?? "")
  }

  @discardableResult
  func control(_ method: String, _ path: String) async throws -> String {
    let run = try await Run(
      "curl", ["-sS", "-X", method, self.url + "/simulator/" + path], in: self.folder)
    #expect(run.status == 0, "\(run.errors)")
    return run.output
  }

  /// The sessions that it has.
  func sessions() async throws -> Set<String> {
    let text = try await self.control("GET", "sessions")
    return Set((JSON(text)?.items ?? []).compactMap { $0["name"]?.text })
  }

  /// How many requests it got that name the session.
  func requestCount(of session: String) async throws -> Int {
    let text = try await self.control(
      "GET", "requests/count?path=/api/sessions/\(session)")
    guard case .object(let object) = JSON(text), case .number(let count)? = object["count"] else {
      throw Program.Failure(description: "no count: \(text)")
    }
    return Int(count)
  }

  func kill() async {
    guard self.program.isRunning else { return }
    self.program.signal(SIGKILL)
    await self.program.end()
  }
}
