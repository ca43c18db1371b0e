/// How well webhooks go: by itself, as well as they can.
package struct WebhookSteering: Sendable, Equatable {
  package enum Mode: String, Sendable, Decodable {
    case normal
    /// Events are not sent. Those that were made before still are.
    case off
  }

  package var mode = Mode.normal
  /// How long each delivery waits before its first try. Default: not at all.
  package var delay = Duration.zero
  /// How many more times each delivery is sent. Default: 0.
  package var duplicates = 0
  /// Holds an event back and sends it after the following one of its session and hook. Default:
  /// false.
  package var reorders = false
  /// Loses every so many-th delivery; 0 loses none. Default: 0.
  package var dropEvery = 0

  /// How long an event is held back when none follows.
  package static let longestHold = Duration.seconds(1)

  package init() {}
}

extension WebhookSteering: Decodable {
  private enum Key: CodingKey {
    case mode, delayMs, duplicate, reorder, dropEvery
  }

  /// Reads the control call's form. What it does not say is the default.
  package init(from decoder: any Decoder) throws {
    let form = try decoder.container(keyedBy: Key.self)
    self.mode = try form.decodeIfPresent(Mode.self, forKey: .mode) ?? self.mode
    self.delay = .milliseconds(try Self.number(form, .delayMs, upTo: 3_600_000))
    self.duplicates = try Self.number(form, .duplicate, upTo: 100)
    self.reorders = try form.decodeIfPresent(Bool.self, forKey: .reorder) ?? self.reorders
    self.dropEvery = try Self.number(form, .dropEvery, upTo: .max)
  }

  private static func number(
    _ form: KeyedDecodingContainer<Key>, _ key: Key, upTo most: Int
  ) throws -> Int {
    let number = try form.decodeIfPresent(Int.self, forKey: key) ?? 0
    guard (0...most).contains(number) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: form, debugDescription: "must be from 0 to \(most)")
    }
    return number
  }

  var json: JSON {
    [
      "mode": .string(self.mode.rawValue),
      "delayMs": .int(Int(self.delay / .milliseconds(1))),
      "duplicate": .int(self.duplicates),
      "reorder": .bool(self.reorders),
      "dropEvery": .int(self.dropEvery),
    ]
  }
}
