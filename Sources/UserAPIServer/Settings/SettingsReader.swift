internal import Configuration
internal import Foundation

/// Finds settings by name: flags first, then the environment. An empty one counts as not given.
struct SettingsReader {
  private let flags: ConfigReader
  private let environment: ConfigReader

  init(flags: [String: String], environment: [String: String]) {
    let values = [AbsoluteConfigKey: ConfigValue](
      uniqueKeysWithValues: flags.map { name, value in
        (AbsoluteConfigKey(Self.components(name)), ConfigValue(.string(value), isSecret: true))
      })
    self.flags = ConfigReader(provider: InMemoryProvider(name: "flags", values: values))
    self.environment = ConfigReader(
      provider: EnvironmentVariablesProvider(
        environmentVariables: environment, secretsSpecifier: .all))
  }

  func value<Value>(
    _ name: String, default: String, _ rule: String, _ parse: (String) -> Value?
  ) throws(SettingsError) -> Value {
    guard let value = parse(self.text(name) ?? `default`) else {
      throw SettingsError(name: name, problem: rule)
    }
    return value
  }

  /// The same with a default that is not spelled out.
  func value<Value>(
    _ name: String, default: Value, _ rule: String, _ parse: (String) -> Value?
  ) throws(SettingsError) -> Value {
    guard let text = self.text(name) else { return `default` }
    guard let value = parse(text) else { throw SettingsError(name: name, problem: rule) }
    return value
  }

  /// A setting that can also be given as a file, under its name and `_FILE`.
  func secret(_ name: String) throws(SettingsError) -> String? {
    let fileName = name + "_FILE"
    for reader in [self.flags, self.environment] {
      let value = Self.text(name, in: reader)
      guard let path = Self.text(fileName, in: reader) else {
        if let value { return value }
        continue
      }
      guard value == nil else {
        throw SettingsError(name: fileName, problem: "\(name) is given as well")
      }
      return try Self.contents(ofFile: path, for: fileName)
    }
    return nil
  }

  private static func contents(
    ofFile path: String, for name: String
  ) throws(SettingsError) -> String {
    let text: String
    do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw SettingsError(name: name, problem: "the file cannot be read")
    }
    let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !secret.isEmpty else {
      throw SettingsError(name: name, problem: "the file is empty")
    }
    return secret
  }

  /// A setting that may be missing.
  func text(_ name: String) -> String? {
    Self.text(name, in: self.flags) ?? Self.text(name, in: self.environment)
  }

  private static func text(_ name: String, in reader: ConfigReader) -> String? {
    let text = reader.string(forKey: ConfigKey(Self.components(name)), isSecret: true)
    return text?.isEmpty == true ? nil : text
  }

  private static func components(_ name: String) -> [String] {
    name.lowercased().split(separator: "_").map(String.init)
  }
}
