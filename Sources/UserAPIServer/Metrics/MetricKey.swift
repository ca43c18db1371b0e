/// The name of a series and its labels, as the text format writes them.
struct MetricKey: Hashable, Comparable, Sendable, CustomStringConvertible {
  let name: String
  /// `a="1",b="2"`, or empty.
  let labels: String

  init(name: String, labels: [(String, String)]) {
    self.name = name
    self.labels = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
  }

  private init(name: String, labels: String) {
    self.name = name
    self.labels = labels
  }

  /// The same labels and one more, under a name with a suffix.
  func series(_ suffix: String, _ label: (String, String)? = nil) -> MetricKey {
    let added = label.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }
    return MetricKey(
      name: self.name + suffix,
      labels: [self.labels.isEmpty ? nil : self.labels, added].compactMap { $0 }
        .joined(separator: ","))
  }

  static func < (left: Self, right: Self) -> Bool {
    (left.name, left.labels) < (right.name, right.labels)
  }

  var description: String {
    self.labels.isEmpty ? self.name : "\(self.name){\(self.labels)}"
  }

  private static func escaped(_ value: String) -> String {
    var escaped = ""
    for character in value {
      switch character {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.append(character)
      }
    }
    return escaped
  }
}
