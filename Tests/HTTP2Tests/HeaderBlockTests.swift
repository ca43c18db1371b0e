import Testing

@testable import HTTP2

@Suite struct HeaderBlockTests {
  private static let request: [(String, String)] = [
    (":method", "POST"), (":path", "/user.v1.User/getSessionStatus"),
    ("authorization", "Bearer one"), ("content-length", "56"),
  ]

  private func read(
    _ block: inout HeaderBlock, _ fields: [(String, String)], truncated: Bool = false
  ) -> (headers: Headers, isRepeated: Bool) {
    block.begin()
    for (name, value) in fields {
      Array(name.utf8).withUnsafeBufferPointer { name in
        Array(value.utf8).withUnsafeBufferPointer { block.append(name, $0) }
      }
    }
    if truncated { block.truncate() }
    let end = block.end()
    if !end.isRepeated { block.remember(end.headers) }
    return end
  }

  private func headers(_ fields: [(String, String)]) -> Headers {
    Headers(fields.map { Headers.Field(name: $0.0, value: $0.1) })
  }

  @Test func `a block that repeats the last one is the very same`() {
    var block = HeaderBlock()
    let first = self.read(&block, Self.request)
    #expect(first.headers == self.headers(Self.request))
    #expect(!first.isRepeated)
    let second = self.read(&block, Self.request)
    #expect(second.isRepeated)
    #expect(second.headers.isIdentical(to: first.headers))
  }

  @Test(arguments: [
    [(String, String)](), [(":method", "POST")], Array(request.dropLast()),
    request + [("te", "trailers")], Array(request.reversed()), request.map { ($0.0, $0.1 + "x") },
    request.map { ($0.0 + "x", $0.1) }, request.map { ($0.0, "") },
    // The same bytes, cut at another place.
    request.map { (String($0.0.dropLast()), String($0.0.last ?? "x") + $0.1) },
    [request[0], (":path", "/user.v1.User/getSessionQR000000"), request[2], request[3]],
    [request[0], request[1], ("authorization", "Bearer two"), request[3]],
  ])
  func `any other is read as it is, before and after`(other: [(String, String)]) {
    var block = HeaderBlock()
    _ = self.read(&block, Self.request)
    let read = self.read(&block, other)
    #expect(!read.isRepeated)
    #expect(read.headers == self.headers(other))
    #expect(self.read(&block, Self.request).headers == self.headers(Self.request))
  }

  @Test func `a block that is cut off is neither taken for a whole one nor remembered`() {
    var block = HeaderBlock()
    let whole = self.read(&block, Self.request)
    let cut = self.read(&block, Self.request, truncated: true)
    #expect(cut.headers.isTruncated && !cut.isRepeated)
    #expect(!cut.headers.isIdentical(to: whole.headers))
    let next = self.read(&block, Self.request)
    #expect(!next.headers.isTruncated && !next.isRepeated)
  }

  @Test func `one that is given up in the middle leaves nothing behind`() {
    var block = HeaderBlock()
    _ = self.read(&block, Self.request)
    block.begin()
    block.append(
      UnsafeBufferPointer(start: nil, count: 0), UnsafeBufferPointer(start: nil, count: 0))
    #expect(self.read(&block, Self.request).isRepeated)
  }

  @Test func `a large one is not kept`() {
    var block = HeaderBlock()
    let large = Self.request + [("x", String(repeating: "a", count: 5_000))]
    #expect(self.read(&block, large).headers == self.headers(large))
    let again = self.read(&block, large)
    #expect(!again.isRepeated)
    #expect(again.headers == self.headers(large))
  }
}
