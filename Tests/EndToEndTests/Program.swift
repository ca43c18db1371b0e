import Foundation
import NIOConcurrencyHelpers

/// A program that runs beside the tests, and what it says.
final class Program: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private struct Waiter {
    let id: UUID
    let matches: @Sendable (String) -> Bool
    let continuation: CheckedContinuation<String?, Never>
  }

  private struct State {
    var lines: [String] = []
    var rest = Data()
    var isEnded = false
    var waiters: [Waiter] = []
  }

  private let process: ProcessBox
  private let state = NIOLockedValueBox(State())

  /// `Process` is used from one task at a time; its thread safety is Foundation's.
  private struct ProcessBox: @unchecked Sendable {
    let process: Process
  }

  /// Where this package's programs are: those of another build where `USER_API_TEST_PROGRAMS` names its
  /// folder, else those beside the tests.
  static let folder =
    ProcessInfo.processInfo.environment["USER_API_TEST_PROGRAMS"].map { URL(fileURLWithPath: $0) }
    ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()

  /// What every program is started with. A sanitizer's options go to programs built with it.
  static func environment(in folder: URL) -> [String: String] {
    let options = ["TSAN_OPTIONS", "ASAN_OPTIONS", "LSAN_OPTIONS"]
    return ["PATH": "/usr/bin:/bin", "HOME": folder.path].merging(
      ProcessInfo.processInfo.environment.filter { options.contains($0.key) }
    ) { $1 }
  }

  /// Starts one of this package's programs, or the one at an absolute path.
  init(
    _ name: String, _ arguments: [String], environment: [String: String] = [:], in folder: URL
  ) throws {
    let process = Process()
    process.executableURL =
      name.hasPrefix("/") ? URL(fileURLWithPath: name) : Self.folder.appending(path: name)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = Program.environment(in: folder).merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    self.process = ProcessBox(process: process)
    try process.run()
    let thread = Thread { [weak self] in
      while true {
        let data = output.fileHandleForReading.availableData
        self?.received(data)
        if data.isEmpty { return }
      }
    }
    thread.start()
  }

  private func received(_ data: Data) {
    let resumed = self.state.withLockedValue {
      state -> [(CheckedContinuation<String?, Never>, String?)] in
      state.isEnded = data.isEmpty
      state.rest.append(data)
      var resumed: [(CheckedContinuation<String?, Never>, String?)] = []
      while let end = state.rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: state.rest[..<end], as: UTF8.self)
        state.rest = Data(state.rest[(end + 1)...])
        state.lines.append(line)
        resumed += state.waiters.filter { $0.matches(line) }.map { ($0.continuation, line) }
        state.waiters.removeAll { $0.matches(line) }
      }
      if state.isEnded {
        resumed += state.waiters.map { ($0.continuation, nil) }
        state.waiters = []
      }
      return resumed
    }
    for (continuation, line) in resumed { continuation.resume(returning: line) }
  }

  /// Everything it has said.
  var output: String { self.state.withLockedValue { $0.lines.joined(separator: "\n") } }

  /// The first line, said or still to be said, that matches.
  func line(_ matches: @escaping @Sendable (String) -> Bool) async throws -> String {
    guard let line = await self.wait(for: matches) else {
      throw Failure(description: "it ended, or was not waited for, and said:\n\(self.output)")
    }
    return line
  }

  /// Nil when there is none until it ends, or until the task is cancelled.
  private func wait(for matches: @escaping @Sendable (String) -> Bool) async -> String? {
    let id = UUID()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let known: String?? = self.state.withLockedValue { state in
          if let line = state.lines.first(where: matches) { return .some(line) }
          if state.isEnded || Task.isCancelled { return .some(nil) }
          state.waiters.append(Waiter(id: id, matches: matches, continuation: continuation))
          return nil
        }
        if let known { continuation.resume(returning: known) }
      }
    } onCancel: {
      let waiter = self.state.withLockedValue { state in
        let index = state.waiters.firstIndex { $0.id == id }
        return index.map { state.waiters.remove(at: $0) }
      }
      waiter?.continuation.resume(returning: nil)
    }
  }

  /// The process's id.
  var identifier: Int32 { self.process.process.processIdentifier }

  func signal(_ number: Int32) {
    kill(self.process.process.processIdentifier, number)
  }

  /// Waits until it has ended.
  ///
  /// - Returns: Its exit status.
  @discardableResult
  func end() async -> Int32 {
    let process = self.process
    return await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        process.process.waitUntilExit()
        continuation.resume(returning: process.process.terminationStatus)
      }
    }
  }

  /// Waits until it has ended and all that it said is in ``output``.
  ///
  /// - Returns: Its exit status.
  func endOfOutput() async -> Int32 {
    _ = await self.wait { _ in false }
    return await self.end()
  }

  var pid: Int32 { self.process.process.processIdentifier }

  var isRunning: Bool { self.process.process.isRunning }
}

/// A program that runs to its end.
struct Run: Sendable {
  let status: Int32
  let output: String
  let errors: String

  /// Runs a program that is found by its path or, without a slash, in the usual folders.
  init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], in folder: URL,
    input: String? = nil
  ) async throws {
    let process = Process()
    let isOwn = program.hasPrefix("user-api") || program.hasPrefix("waha-")
    process.executableURL =
      isOwn ? Program.folder.appending(path: program) : URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = isOwn ? arguments : [program] + arguments
    process.currentDirectoryURL = folder
    process.environment = Program.environment(in: folder).merging(environment) { $1 }
    // Files, so that no pipe can fill up.
    let name = UUID().uuidString
    let files = try ["out", "err", "in"].map { suffix in
      let url = folder.appending(path: "\(name).\(suffix)")
      try Data((suffix == "in" ? input ?? "" : "").utf8).write(to: url)
      return url
    }
    defer { for url in files { do { try FileManager.default.removeItem(at: url) } catch {} } }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    process.standardInput = try FileHandle(forReadingFrom: files[2])
    try process.run()
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let box = Box(process: process)
      Thread.detachNewThread {
        box.process.waitUntilExit()
        continuation.resume()
      }
    }
    self.status = process.terminationStatus
    self.output = String(decoding: try Data(contentsOf: files[0]), as: UTF8.self)
    self.errors = String(decoding: try Data(contentsOf: files[1]), as: UTF8.self)
  }

  private struct Box: @unchecked Sendable {
    let process: Process
  }
}
