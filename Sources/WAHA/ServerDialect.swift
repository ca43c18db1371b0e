internal import Foundation
internal import UserAPI

/// What WAHA says it is, and what that means to the one who asks it.
struct ServerDialect: Sendable, Equatable {
  /// One that says nothing of itself. It is asked for everything at once.
  static let unknown = ServerDialect(engine: nil, version: nil)

  /// `WEBJS`, `NOWEB` or `GOWS`, or a newer word.
  let engine: String?
  /// Year, month, release within the month; nil when it is something else.
  let version: [Int]?

  private struct Environment: Decodable {
    var engine: String?
    var version: String?
  }

  init(engine: String?, version: String?) {
    self.engine = engine
    let parts = version?.split(separator: ".").map { Int($0) } ?? []
    let numbers = parts.compactMap { $0 }
    self.version = parts.count == 3 && numbers.count == 3 ? numbers : nil
  }

  /// What the answer of `/api/server/version` says.
  init(_ answer: WAHAAnswer) {
    let environment: Environment
    do throws(UserAPIError) {
      environment = try answer.requireSuccess().decode(Environment.self)
    } catch {
      // Not all are asked by one who may know, and an old one need not have the call.
      self = .unknown
      return
    }
    self.init(engine: environment.engine, version: environment.version)
  }

  private func isAtLeast(_ year: Int, _ month: Int, _ release: Int) -> Bool {
    guard let version = self.version else { return false }
    return !version.lexicographicallyPrecedes([year, month, release])
  }

  // MARK: Where a page costs less than the whole

  /// Only from its store does an engine take a page of groups; the others make the whole list
  /// for each.
  var pagesGroups: Bool {
    self.engine == "NOWEB" && self.isAtLeast(2024, 12, 3)
  }

  var pagesContacts: Bool {
    switch self.engine {
    case "NOWEB": self.isAtLeast(2024, 10, 9)
    case "GOWS": self.isAtLeast(2025, 2, 1)
    default: false
    }
  }

  // MARK: What there is

  var mayHaveLids: Bool { self.version == nil || self.isAtLeast(2025, 5, 4) }

  /// What a list of groups comes in. NOWEB's is an object, whose keys say again what each entry's
  /// id does.
  var groupContainers: Set<JSONReader.Container> {
    switch self.engine {
    case nil: [.array, .object]
    case "NOWEB": [.array, .object]
    default: [.array]
    }
  }
}
