import Foundation
import HTTP2
import Testing

@testable import UserAPIServer

/// README's tables of settings are the code's.
@Suite struct LimitTableTests {
  /// The cells of the rows whose first is a setting.
  private static let rows: [[String]] = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../README.md")
    let text = FileManager.default.contents(atPath: file.path).map {
      String(decoding: $0, as: UTF8.self)
    }
    return (text ?? "").split(separator: "\n").filter { $0.hasPrefix("| `USER_API_") }.map { row in
      row.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
        $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
      }
    }
  }()

  private func dumped(_ environment: [String: String]) throws -> String {
    var text = ""
    dump(try Settings(flags: [:], environment: environment), to: &text)
    return text
  }

  @Test func `every default is what the setting has when it is not given`() throws {
    #expect(Self.rows.count > 25)
    // Those of JWTs are taken only where there are any.
    let jwt = [
      "USER_API_JWT_JWKS": "keys", "USER_API_JWT_ISSUER": "i", "USER_API_JWT_AUDIENCE": "a",
    ]
    for row in Self.rows where row[1] != "none" && row[1] != "one a core" {
      let others = row[0].hasPrefix("USER_API_JWT_") ? jwt : [:]
      let given = others.merging([row[0]: row[1]]) { $1 }
      #expect(try self.dumped(given) == self.dumped(others), "\(row[0])")
    }
  }

  @Test func `a setting given otherwise makes a difference`() throws {
    let plain = try self.dumped([:])
    let names = ["_LIST_", "_SNAPSHOT"]
    for row in Self.rows where row.count == 4 || names.contains(where: row[0].contains) {
      let other =
        switch row[1] {
        case let text where text.hasSuffix("iB"): "12345"
        case let text where text.contains("/"): "7/7"
        case let text where text.last?.isLetter == true: "77s"
        default: "77"
        }
      #expect(try self.dumped([row[0]: other]) != plain, "\(row[0])")
    }
  }

  @Test func `every label is in the table`() {
    let labels = Set(Self.rows.filter { $0.count == 4 && !$0[2].isEmpty }.map { $0[2] })
    #expect(
      labels
        == Set(
          ConnectionLimit.allCases.map(\.rawValue) + CallLimit.allCases.map(\.rawValue)
            + GateLimit.allCases.map(\.rawValue)))
  }
}
