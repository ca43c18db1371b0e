import NIOCore
import NIOHTTP1
import Testing

@testable import UserAPIServer

@Suite struct AdminExchangeTests {
  private static func head(_ headers: HTTPHeaders = [:]) -> HTTPRequestHead {
    HTTPRequestHead(version: .http1_1, method: .POST, uri: "/x", headers: headers)
  }

  private static func request(_ body: String, _ headers: HTTPHeaders = [:]) -> AdminRequest {
    AdminRequest(head: self.head(headers), body: .whole(ByteBuffer(string: body)))
  }

  @Test func `a request whose body does not matter is answered at once`() {
    var exchange = AdminExchange()
    #expect(exchange.headReceived(Self.head(), bodyLimit: nil) == .answer(Self.request("")))
    #expect(exchange.endReceived() == .none)
    #expect(exchange.answered() == .close)
  }

  @Test func `a body that matters is answered when it is whole`() {
    var exchange = AdminExchange()
    #expect(exchange.headReceived(Self.head(), bodyLimit: 4) == .none)
    #expect(exchange.bodyReceived(ByteBuffer(string: "ab")) == .none)
    #expect(exchange.bodyReceived(ByteBuffer(string: "cd")) == .none)
    #expect(exchange.endReceived() == .answer(Self.request("abcd")))
    #expect(exchange.answered() == .close)
  }

  @Test func `one that says it is too long is not read`() {
    for length in ["5", "99999999999999999999"] {
      var exchange = AdminExchange()
      let head = Self.head(["content-length": length, "expect": "100-continue"])
      #expect(
        exchange.headReceived(head, bodyLimit: 4)
          == .answer(AdminRequest(head: head, body: .tooLong)))
      #expect(exchange.answered() == .closeOutput)
    }
  }

  @Test func `one that becomes too long is answered there`() {
    var exchange = AdminExchange()
    #expect(exchange.headReceived(Self.head(), bodyLimit: 4) == .none)
    #expect(exchange.bodyReceived(ByteBuffer(string: "abcd")) == .none)
    #expect(
      exchange.bodyReceived(ByteBuffer(string: "e"))
        == .answer(AdminRequest(head: Self.head(), body: .tooLong)))
    #expect(exchange.bodyReceived(ByteBuffer(string: "f")) == .none)
    #expect(exchange.answered() == .closeOutput)
    #expect(exchange.bodyReceived(ByteBuffer(string: "g")) == .none)
    #expect(exchange.endReceived() == .close)
  }

  @Test func `what comes behind the answer is dropped, but not for ever`() {
    var exchange = AdminExchange()
    _ = exchange.headReceived(Self.head(), bodyLimit: nil)
    let chunk = ByteBuffer(repeating: 0, count: AdminExchange.maxDiscardedSize / 2)
    #expect(exchange.bodyReceived(chunk) == .none)
    #expect(exchange.answered() == .closeOutput)
    #expect(exchange.bodyReceived(chunk) == .none)
    #expect(exchange.bodyReceived(ByteBuffer(string: "x")) == .close)
    #expect(exchange.endReceived() == .none)
  }

  @Test(arguments: [("100-continue", true), ("100-Continue", true), ("200-ok", false)])
  func `a client that waits for a word gets it`(expect: String, isAsking: Bool) {
    var exchange = AdminExchange()
    let head = Self.head(["content-length": "4", "expect": expect])
    #expect(exchange.headReceived(head, bodyLimit: 4) == (isAsking ? .proceed : .none))
  }

  @Test func `only the first request of a connection counts`() {
    var exchange = AdminExchange()
    #expect(exchange.headReceived(Self.head(), bodyLimit: nil) != .none)
    #expect(exchange.endReceived() == .none)
    #expect(exchange.headReceived(Self.head(), bodyLimit: nil) == .none)
    #expect(exchange.bodyReceived(ByteBuffer(string: "x")) == .none)
    #expect(exchange.endReceived() == .none)
    #expect(exchange.answered() == .close)
  }
}
