internal import ArgumentParser

/// A number and a unit: `200ms`, `3s`, `5m`, `1h`, `1d`.
struct DurationArgument: ExpressibleByArgument, CustomStringConvertible {
  var duration: Duration

  init(_ duration: Duration) { self.duration = duration }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int64(digits), number < 1_000_000_000 else { return nil }
    switch argument.dropFirst(digits.count) {
    case "ms": self.duration = .milliseconds(number)
    case "s": self.duration = .seconds(number)
    case "m": self.duration = .seconds(number * 60)
    case "h": self.duration = .seconds(number * 3600)
    case "d": self.duration = .seconds(number * 86_400)
    default: return nil
    }
  }

  var description: String {
    let (seconds, attoseconds) = self.duration.components
    let milliseconds = attoseconds / 1_000_000_000_000_000
    return milliseconds == 0 ? "\(seconds)s" : "\(seconds * 1000 + milliseconds)ms"
  }
}
