/// Where the reading of a list stands that comes page by page. Each page begins with the last entry
/// of the one before, so that a list that changes meanwhile does not lose entries unseen.
struct PageCursor<ID: Equatable> {
  /// What a page says of the list.
  struct Page {
    /// How many entries it has.
    var count = 0
    var first: ID?
    var last: ID?
  }

  enum Step: Equatable {
    /// Ask for the page at ``PageCursor/offset``.
    case next
    case end
    /// Entries have come or gone since the last page, so that what was read is not the list.
    case moved
  }

  /// How many entries a page has but for the last; at least 2.
  let limit: Int
  private(set) var offset = 0
  /// The list's first entry, and the last that was seen.
  private var first: ID?
  private var last: ID?

  init(limit: Int) {
    self.limit = limit
  }

  mutating func pageCame(_ page: Page) -> Step {
    guard self.offset > 0 else {
      // A server that does not know the parameters gives everything.
      guard page.count == self.limit else { return .end }
      self.first = page.first
      return self.goOn(behind: page)
    }
    guard page.count <= self.limit else { return .moved }
    if page.count > 0, page.first == self.last {
      return page.count == self.limit ? self.goOn(behind: page) : .end
    }
    // Such a server, whose list happens to be as long as a page, has given it once more.
    let isAgain =
      self.offset == self.limit - 1 && page.count == self.limit && page.first == self.first
      && page.last == self.last
    return isAgain ? .end : .moved
  }

  private mutating func goOn(behind page: Page) -> Step {
    self.offset += page.count - 1
    self.last = page.last
    return .next
  }
}

extension PageCursor.Page: Sendable where ID: Sendable {}
