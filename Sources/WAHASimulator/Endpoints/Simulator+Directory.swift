/// Groups and contacts.
extension Simulator {
  func groups(_ name: String, _ request: Request, _ dialect: Dialect) throws(Refusal) -> Outcome {
    var paging: Paging?
    if dialect.version.pagesGroups {
      paging = try Paging(
        request, sortFields: ["id", "subject"], canExclude: dialect.version.excludesParticipants)
    }
    return self.whenReady("WORKING", name, dialect) { [paging] session in
      let book = self.setup.book
      let list = book.renderedGroups(
        dialect.engine, withParticipants: paging?.excludesParticipants != true)
      guard let paging else { return .json(encoded: list.whole) }
      let ordered = paging.orderOfGroups(in: book, dialect.engine)
      let isInStore = dialect.engine == .noweb && session.hasStore
      let page = paging.page(of: ordered, cut: isInStore ? .inStore : .inMemory)
      return .json(encoded: list.selection(page, isWhole: paging.isWhole))
    }
  }

  func countGroups(_ name: String, _ dialect: Dialect) -> Outcome {
    self.whenReady("WORKING", name, dialect) { _ in
      .json(200, ["count": .int(self.setup.book.groups.count)])
    }
  }

  func refreshGroups(_ name: String, _ dialect: Dialect) -> Outcome {
    self.whenReady("WORKING", name, dialect) { _ in .json(200, ["success": true]) }
  }

  func contacts(_ request: Request, _ dialect: Dialect) throws(Refusal) -> Outcome {
    let name = request.parameter("session") ?? "default"
    guard !name.isEmpty else { throw Refusal(.validation(["session should not be empty"])) }
    var paging: Paging?
    if dialect.version.pagesContacts {
      paging = try Paging(request, sortFields: ["id", "name"])
    }
    return self.whenReady("WORKING", name, dialect) { [paging] session in
      if dialect.engine == .noweb && !session.hasStore {
        return .failure(
          400,
          "Enable NOWEB store \"config.noweb.store.enabled=True\" and "
            + "\"config.noweb.store.full_sync=True\" when starting a new session.")
      }
      let book = self.setup.book
      let list = book.renderedContacts(dialect.engine)
      guard let paging else { return .json(encoded: list.whole) }
      let ordered = paging.orderOfContacts(in: book, dialect.engine)
      let page = paging.page(of: ordered, cut: dialect.engine == .noweb ? .inStore : .inMemory)
      let isWhole = paging.isWhole && dialect.engine != .gows
      return .json(encoded: list.selection(page, isWhole: isWhole))
    }
  }
}
