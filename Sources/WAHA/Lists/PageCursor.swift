/// Where the reading of a list stands that comes page by page. Each page begins with the last entry
/// of the one before, so that a list that changes meanwhile seldom loses entries unseen: only when as
/// many come as go before that entry.
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
    /// The server does not page by what it was asked: read it once more, all at once.
    case unpaged
  }

  /// How many entries a page has but for the last; at least 2.
  let limit: Int
  private(set) var offset = 0
  /// How many entries a server gives at least that gives fewer than it is asked for.
  static var leastCap: Int { 100 }
  /// How many entries the first page has, and the first of them; the last that was seen.
  private var firstCount = 0
  private var first: ID?
  private var last: ID?

  init(limit: Int) {
    self.limit = limit
  }

  mutating func pageCame(_ page: Page) -> Step {
    guard self.offset > 0 else {
      // A server that does not know the parameters gives everything.
      guard self.limit < .max, page.count <= self.limit else { return .end }
      self.first = page.first
      return self.step(behind: page)
    }
    guard page.count <= self.limit else { return .moved }
    // Entries without an id are not known to be the same.
    if page.count > 0, page.first != nil, page.first == self.last {
      return page.count == 1 ? .end : self.step(behind: page)
    }
    // The same again: one that knows no offset, or neither parameter and has just so many.
    let isAgain =
      page.first != nil && page.first == self.first && self.offset == self.firstCount - 1
      && page.count == self.firstCount && page.last == self.last
    return isAgain ? .unpaged : .moved
  }

  /// A page that is not full may be all that is left, or all that the server gives at a time.
  private mutating func step(behind page: Page) -> Step {
    let isEnd = page.count < self.limit && page.count < Self.leastCap
    return isEnd ? .end : self.goOn(behind: page)
  }

  private mutating func goOn(behind page: Page) -> Step {
    if self.offset == 0 { self.firstCount = page.count }
    self.offset += page.count - 1
    self.last = page.last
    return .next
  }
}

extension PageCursor.Page: Sendable where ID: Sendable {}
