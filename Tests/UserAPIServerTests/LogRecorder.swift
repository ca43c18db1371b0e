import Logging
import TestKit

/// Keeps what is logged, each line as its level, its message and its metadata.
final class LogRecorder: Sendable {
  struct Line: Sendable {
    var level: Logger.Level
    var message: String
    var metadata: [String: String]

    subscript(key: String) -> String? { self.metadata[key] }
  }

  private struct Handler: LogHandler {
    let recorder: LogRecorder
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { self.metadata[key] }
      set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let metadata = self.metadata.merging(self.metadataProvider?.get() ?? [:]) { $1 }
        .merging(event.metadata ?? [:]) { $1 }
      let line = Line(
        level: event.level, message: "\(event.message)", metadata: metadata.mapValues { "\($0)" })
      self.recorder.kept.append(line)
    }
  }

  private let kept = Recorder<Line>()

  var lines: [Line] { self.kept.values }

  /// Each line as one text.
  var texts: [String] {
    self.lines.map { "\($0.level) \($0.message) \($0.metadata)" }
  }

  func logger(
    level: Logger.Level = .info, provider: Logger.MetadataProvider? = nil
  ) -> Logger {
    Logger(label: "test") { _ in
      Handler(recorder: self, logLevel: level, metadataProvider: provider)
    }
  }

  func clear() { self.kept.clear() }
}
