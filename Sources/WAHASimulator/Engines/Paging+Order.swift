extension Paging {
  /// Whether neither cut nor order was asked for.
  var isWhole: Bool {
    self.limit == nil && self.offset == nil && self.sortBy == nil
  }

  /// The places of the groups in the order asked for.
  func orderOfGroups(in book: AddressBook, _ engine: Engine) -> [Int] {
    book.cache.order(self.key(.groups(engine, withParticipants: false))) {
      self.order(book.groups(orderedFor: engine), engine)
    }
  }

  /// The places of the contacts in the order asked for.
  func orderOfContacts(in book: AddressBook, _ engine: Engine) -> [Int] {
    book.cache.order(self.key(.contacts(engine))) { self.order(book.contacts, engine) }
  }

  private func key(_ list: RenderCache.Key) -> RenderCache.OrderKey {
    RenderCache.OrderKey(list: list, sortBy: self.sortBy, isDescending: self.isDescending)
  }

  private func order(_ groups: [Group], _ engine: Engine) -> [Int] {
    switch (engine, self.sortBy) {
    // A dotted path that is looked up as a plain key: nothing is ever found, nothing is sorted.
    case (.webjs, _), (_, nil): Array(groups.indices)
    case (.noweb, "id"), (.gows, "id"): self.sorted(groups.map(\.id), engine)
    case (.noweb, _), (.gows, _): self.sorted(groups.map { $0.name ?? "" }, engine)
    }
  }

  private func order(_ contacts: [Contact], _ engine: Engine) -> [Int] {
    switch (engine, self.sortBy) {
    case (_, "id"), (.gows, nil): self.sorted(contacts.map(\.id), engine)
    case (_, nil): Array(contacts.indices)
    case (.webjs, _): self.sortedLoosely(contacts.map(\.name))
    case (.noweb, _), (.gows, _): self.sorted(contacts.map { $0.name ?? "" }, engine)
    }
  }

  /// SQL compares bytes, JavaScript UTF-16 units; neither knows a locale.
  private func sorted(_ keys: [String], _ engine: Engine) -> [Int] {
    switch engine {
    case .noweb: self.sorted(keys.map { Array($0.utf8) })
    case .webjs, .gows: self.sorted(keys.map { Array($0.utf16) })
    }
  }

  private func sorted<Unit: Comparable>(_ keys: [[Unit]]) -> [Int] {
    keys.indices.sorted { left, right in
      self.isDescending
        ? keys[right].lexicographicallyPrecedes(keys[left])
        : keys[left].lexicographicallyPrecedes(keys[right])
    }
  }

  /// A missing name compares equal to everything, so the order is not quite one.
  private func sortedLoosely(_ keys: [String?]) -> [Int] {
    let units = keys.map { $0.map { Array($0.utf16) } }
    return units.indices.sorted { left, right in
      guard let first = units[left], let second = units[right] else { return false }
      return self.isDescending
        ? second.lexicographicallyPrecedes(first) : first.lexicographicallyPrecedes(second)
    }
  }
}
