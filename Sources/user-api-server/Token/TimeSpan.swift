internal import ArgumentParser
internal import UserAPI

/// A duration as an argument: a number and a unit.
struct TimeSpan: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    guard let duration = Duration(text: argument) else { return nil }
    self.duration = duration
  }
}
