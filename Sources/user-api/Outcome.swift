internal import ArgumentParser
internal import Foundation
internal import UserAPI

/// How the program ends: its exit status and what it says.
enum Outcome: Equatable {
  case done
  /// `--help` and the like.
  case help(String)
  case failed(line: String, status: Int32)

  init(_ error: any Error) {
    switch error {
    case let error as UserAPIError:
      self = .failed(
        line: "\(Self.text(of: error)) (\(Self.names(of: error)))", status: Self.status(of: error))
    case let failure as CommandFailure:
      self = .failed(line: failure.message, status: failure.status)
    default:
      guard UserAPICommand.exitCode(for: error) != .success else {
        self = .help(UserAPICommand.fullMessage(for: error))
        return
      }
      self = .failed(line: UserAPICommand.message(for: error), status: CommandFailure.usage)
    }
  }

  var status: Int32 {
    switch self {
    case .done, .help: 0
    case .failed(_, let status): status
    }
  }

  func show() {
    switch self {
    case .done: break
    case .help(let text): print(text)
    case .failed(let line, _):
      FileHandle.standardError.write(Data("user-api: \(line.printable)\n".utf8))
    }
  }

  /// What happened, and what to do next where the server's message cannot know or does not say.
  private static func text(of error: UserAPIError) -> String {
    guard let advice = Self.advice(on: error) else { return error.message }
    return "\(error.message); \(advice)"
  }

  /// What to look for in the documents, and in the server's logs where it is the server that failed.
  private static func names(of error: UserAPIError) -> String {
    switch error.code {
    case .internal, .unknown, .dataLoss, .unavailable, .deadlineExceeded:
      error.requestID.map { "\(error.reason.rawValue), request \($0)" } ?? error.reason.rawValue
    default: error.reason.rawValue
    }
  }

  private static func advice(on error: UserAPIError) -> String? {
    if let time = error.retryAfter, time > .zero { return "try again in \(time.roundedUp)" }
    return switch error.reason {
    case .certificateRequired: "give yours with --cert and --key"
    case .invalidActAs: "name the user with --act-as"
    case .rateLimited, .keysUnavailable: "try again later"
    default: nil
    }
  }

  private static func status(of error: UserAPIError) -> Int32 {
    switch error.reason {
    case .connectionFailed: CommandFailure.unreachable
    // What cancels a call is a signal, or that nobody reads its output.
    case .canceled: CommandFailure.interrupted
    default: CommandFailure.callFailed
    }
  }
}

extension Duration {
  /// In seconds, minutes or hours, and no shorter than it is: `1 s`, `90 s`, `3 min`.
  fileprivate var roundedUp: String {
    let seconds = self.components.seconds + (self.components.attoseconds > 0 ? 1 : 0)
    if seconds < 120 { return "\(seconds) s" }
    let minutes = (seconds - 1) / 60 + 1
    return minutes < 120 ? "\(minutes) min" : "\((minutes - 1) / 60 + 1) h"
  }
}

/// A failure of the program's own.
struct CommandFailure: Error, Equatable {
  static let callFailed: Int32 = 1
  static let unreachable: Int32 = 2
  static let usage: Int32 = 64
  static let interrupted: Int32 = 130

  var message: String
  var status: Int32 = CommandFailure.callFailed

  static let noUsableSession = CommandFailure(
    message: #"no usable session; run "user-api session start" or give --session NAME"#)
}
