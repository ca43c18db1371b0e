/// The rule for the ids of users and services (proto-spec.md, section 2.5).
package enum UserName {
  /// Whether somebody may have that id: 1 to 255 bytes without spaces, control characters and others
  /// that nobody sees, without what stands for bytes that were no text, and nothing that looks like a
  /// token: names are in logs.
  package static func isValid(_ text: String) -> Bool {
    guard (1...255).contains(text.utf8.count), !text.utf8.starts(with: "uapi_".utf8),
      !text.utf8.starts(with: "eyJ".utf8) || text.utf8.count(where: { $0 == UInt8(ascii: ".") }) < 2
    else { return false }
    if text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) { return true }
    return text.unicodeScalars.allSatisfy { scalar in
      guard scalar != "\u{FFFD}", !scalar.properties.isWhitespace else { return false }
      return switch scalar.properties.generalCategory {
      case .control, .format, .unassigned, .lineSeparator, .paragraphSeparator: false
      default: true
      }
    }
  }
}
