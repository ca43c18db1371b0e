import Testing

@testable import WAHA

@Suite struct ServerDialectTests {
  @Test(arguments: [
    ("NOWEB", "2024.10.8", false, false), ("NOWEB", "2024.10.9", false, true),
    ("NOWEB", "2024.12.2", false, true), ("NOWEB", "2024.12.3", true, true),
    ("NOWEB", "2025.1.1", true, true), ("NOWEB", "2026.7.1", true, true),
    ("GOWS", "2025.1.9", false, false), ("GOWS", "2025.2.1", false, true),
    ("GOWS", "2026.7.1", false, true), ("WEBJS", "2026.7.1", false, false),
    ("VENOM", "2026.7.1", false, false), ("NOWEB", "latest", false, false),
    ("NOWEB", "2026.7", false, false), ("NOWEB", "", false, false),
  ])
  func `pages are asked for where they cost less than the whole`(
    engine: String, version: String, pagesGroups: Bool, pagesContacts: Bool
  ) {
    let dialect = ServerDialect(engine: engine, version: version)
    #expect(dialect.pagesGroups == pagesGroups)
    #expect(dialect.pagesContacts == pagesContacts)
  }

  @Test(arguments: [
    ("2025.5.3", false), ("2025.5.4", true), ("2025.6.1", true), ("2026.1.1", true),
    ("2024.12.9", false), ("dev", true), (nil, true),
  ])
  func `LIDs are asked for unless the server is too old`(version: String?, mayHaveLids: Bool) {
    #expect(ServerDialect(engine: "WEBJS", version: version).mayHaveLids == mayHaveLids)
  }
}
