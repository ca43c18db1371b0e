internal import ArgumentParser
internal import Foundation
internal import UserAPI
internal import UserAPIServer

/// How the program says that it failed: one line on standard error, and an exit status.
enum Failure {
  static func reporting(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as SettingsError {
      Self.report("\(error)")
      throw ExitCode(78)
    } catch let error as UserAPIError {
      Self.report(error.message + (error.cause.map { " (\($0))" } ?? ""))
      throw ExitCode.failure
    } catch let error as ExitCode {
      throw error
    } catch {
      Self.report("\(error)")
      throw ExitCode.failure
    }
  }

  static func report(_ line: String) {
    let line = line.replacingOccurrences(of: "\n", with: " ")
    FileHandle.standardError.write(Data("user-api-server: \(line)\n".utf8))
  }
}
