internal import ArgumentParser
internal import UserAPI

/// How old something may be: a duration as people write it, `0s` among them.
struct Age: ExpressibleByArgument, Equatable {
  let duration: Duration

  init?(argument: String) {
    guard let duration = Duration(text: argument) else { return nil }
    self.duration = duration
  }
}

/// A duration as people write it, and not none: `30s`, `15m`, `12h`, `90d`.
struct TimeLimit: ExpressibleByArgument, Equatable {
  let duration: Duration

  init?(argument: String) {
    guard let duration = Duration(text: argument), duration > .zero else { return nil }
    self.duration = duration
  }
}
