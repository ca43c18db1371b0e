internal import ArgumentParser

/// A duration, or `never`.
struct ScanArgument: ExpressibleByArgument, CustomStringConvertible {
  /// Nil: never.
  var after: Duration?

  init(after: Duration?) { self.after = after }

  init?(argument: String) {
    if argument == "never" {
      self.after = nil
    } else if let duration = DurationArgument(argument: argument) {
      self.after = duration.duration
    } else {
      return nil
    }
  }

  var description: String { self.after.map { DurationArgument($0).description } ?? "never" }
}
