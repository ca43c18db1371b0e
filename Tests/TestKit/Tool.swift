internal import Foundation

/// Programs of others that run to their end.
package enum Tool {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
      self.description = description
    }
  }

  /// Runs a program that is found by its path or in the usual folders.
  ///
  /// - Returns: What it printed.
  /// - Throws: ``Failure``, with what it printed, when its status is not 0.
  @discardableResult
  package static func run(_ program: String, _ arguments: [String]) async throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    // A file, which cannot fill up as a pipe can.
    let file = FileManager.default.temporaryDirectory.appending(
      path: "user-api-tool-" + UUID().uuidString)
    try Data().write(to: file)
    let output = try FileHandle(forWritingTo: file)
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    let status = try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    try FileManager.default.removeItem(at: file)
    guard status == 0 else {
      throw Failure(description: "\(program): status \(status): \(text)")
    }
    return text
  }
}
