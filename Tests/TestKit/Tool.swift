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
    // A file, which cannot fill up as a pipe can.
    let file = FileManager.default.temporaryDirectory.appending(
      path: "user-api-tool-" + UUID().uuidString)
    try Data().write(to: file)
    let pid = try Self.spawn(["/usr/bin/env", program] + arguments, output: file.path)
    let status = await Self.end(of: pid)
    let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    try FileManager.default.removeItem(at: file)
    guard status == 0 else {
      throw Failure(description: "\(program): status \(status): \(text)")
    }
    return text
  }

  /// Starts a program. Foundation's `Process` reads past the end of the entries of a folder as it does
  /// that, and now and then crashes.
  private static func spawn(_ arguments: [String], output: String) throws -> pid_t {
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output, O_WRONLY | O_APPEND, 0)
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let error = posix_spawn(&pid, arguments[0], &files, nil, &words, environ)
    guard error == 0 else { throw Failure(description: "\(arguments[1]): error \(error)") }
    return pid
  }

  /// What the program ends with; the signal, less than nothing, when it was killed.
  private static func end(of pid: pid_t) async -> Int32 {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) == -1, errno == EINTR {}
        let signal = status & 0x7F
        continuation.resume(returning: signal == 0 ? (status >> 8) & 0xFF : -signal)
      }
    }
  }
}
