import Testing

@testable import WAHA

@Suite struct PageCursorTests {
  typealias Cursor = PageCursor<Int>

  /// A page of a server that has these entries.
  func page(of list: [Int], _ cursor: Cursor) -> Cursor.Page {
    let entries = list.dropFirst(cursor.offset).prefix(cursor.limit)
    return Cursor.Page(count: entries.count, first: entries.first, last: entries.last)
  }

  @Test(arguments: 0...25, [2, 3, 4, 5, 100])
  func `a list that stands still is read to its end, each entry once`(count: Int, limit: Int) {
    let list = Array(0..<count)
    var cursor = Cursor(limit: limit)
    var read: [Int] = []
    var pages = 0
    while true {
      let entries = list.dropFirst(cursor.offset).prefix(limit)
      read += cursor.offset == 0 ? entries : entries.dropFirst()
      pages += 1
      let step = cursor.pageCame(self.page(of: list, cursor))
      guard step == .next else {
        #expect(step == .end)
        break
      }
      #expect(pages <= count)
    }
    #expect(read == list)
  }

  @Test func `the next page begins with the last entry`() {
    var cursor = Cursor(limit: 10)
    #expect(cursor.offset == 0)
    #expect(cursor.pageCame(Cursor.Page(count: 10, first: 0, last: 9)) == .next)
    #expect(cursor.offset == 9)
    #expect(cursor.pageCame(Cursor.Page(count: 10, first: 9, last: 18)) == .next)
    #expect(cursor.offset == 18)
    #expect(cursor.pageCame(Cursor.Page(count: 1, first: 18, last: 18)) == .end)
  }

  @Test(arguments: [
    Cursor.Page(count: 10, first: 8, last: 17), Cursor.Page(count: 10, first: 10, last: 19),
    Cursor.Page(count: 1, first: 10, last: 10), Cursor.Page(count: 0, first: nil, last: nil),
    Cursor.Page(count: 11, first: 9, last: 19), Cursor.Page(count: 10, first: nil, last: 19),
    Cursor.Page(count: 10, first: 0, last: 10), Cursor.Page(count: 9, first: 0, last: 9),
  ])
  func `a page that does not begin there is of a list that has moved`(page: Cursor.Page) {
    var cursor = Cursor(limit: 10)
    #expect(cursor.pageCame(Cursor.Page(count: 10, first: 0, last: 9)) == .next)
    #expect(cursor.pageCame(page) == .moved)
  }

  @Test func `a server that gives more than was asked for has given everything`() {
    var cursor = Cursor(limit: 10)
    #expect(cursor.pageCame(Cursor.Page(count: 11, first: 0, last: 10)) == .end)
  }

  @Test func `one that gives the same again does not page`() {
    var cursor = Cursor(limit: 10)
    #expect(cursor.pageCame(Cursor.Page(count: 10, first: 0, last: 9)) == .next)
    #expect(cursor.pageCame(Cursor.Page(count: 10, first: 0, last: 9)) == .unpaged)
  }

  @Test func `entries without an id are not known to be the same`() {
    var cursor = Cursor(limit: 10)
    #expect(cursor.pageCame(Cursor.Page(count: 10, first: nil, last: nil)) == .next)
    #expect(cursor.pageCame(Cursor.Page(count: 10, first: nil, last: nil)) == .moved)
  }

  @Test func `a page that is not full is the last when nothing is behind it`() {
    var cursor = Cursor(limit: 5_000)
    #expect(cursor.pageCame(Cursor.Page(count: 1_000, first: 0, last: 999)) == .next)
    #expect(cursor.offset == 999)
    #expect(cursor.pageCame(Cursor.Page(count: 1_000, first: 999, last: 1_998)) == .next)
    #expect(cursor.pageCame(Cursor.Page(count: 1, first: 1_998, last: 1_998)) == .end)
  }

  @Test func `a short page that few servers would end at is the last`() {
    var cursor = Cursor(limit: 5_000)
    #expect(cursor.pageCame(Cursor.Page(count: 99, first: 0, last: 98)) == .end)
  }

  @Test func `without a limit one page is all`() {
    var cursor = Cursor(limit: .max)
    #expect(cursor.pageCame(Cursor.Page(count: 1 << 20, first: 0, last: 1)) == .end)
  }
}
