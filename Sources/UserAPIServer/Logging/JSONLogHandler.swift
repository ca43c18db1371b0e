internal import Foundation
internal import Logging
internal import UserAPI

/// One JSON object a line on standard error.
struct JSONLogHandler: LogHandler {
  let label: String
  var logLevel: Logger.Level = .info
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { self.metadata[key] }
    set { self.metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var fields: [String: String] = [:]
    for source in [self.metadata, self.metadataProvider?.get() ?? [:], event.metadata ?? [:]] {
      for (key, value) in source { fields[key] = "\(value)" }
    }
    if let error = event.error { fields["error"] = "\(error)" }
    let milliseconds = Int64(Date().timeIntervalSince1970 * 1_000)
    fields["time"] = Timestamp(millisecondsSinceEpoch: milliseconds).description
    fields["level"] = event.level.rawValue
    fields["message"] = event.message.description
    fields["logger"] = self.label
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      var line = try encoder.encode(fields)
      line.append(UInt8(ascii: "\n"))
      try FileHandle.standardError.write(contentsOf: line)
    } catch {
      // There is nowhere left to say so.
      return
    }
  }
}
