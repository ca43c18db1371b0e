import NIOCore
import Testing
import UserAPI

@Suite struct UserAPIErrorTests {
  private func sent(_ error: UserAPIError) throws -> UserAPIError {
    var writer = JSONWriter()
    error.write(to: &writer)
    return UserAPIError(object: try JSONReader.readObject(writer.buffer))
  }

  private func read(_ json: String) throws -> UserAPIError {
    UserAPIError(object: try JSONReader.readObject(ByteBuffer(string: json)))
  }

  @Test(arguments: ErrorReason.sent)
  func `an error arrives as it was sent`(reason: ErrorReason) throws {
    for retryAfter in [nil, Duration.zero, .milliseconds(1), .seconds(30)] {
      let error = UserAPIError(reason, "what \"happened\"\n", retryAfter: retryAfter)
      #expect(try self.sent(error) == error)
    }
    for code in ErrorCode.all {
      let error = UserAPIError(reason, "", code: code)
      #expect(try self.sent(error) == error)
    }
  }

  @Test func `the cause stays on this side`() throws {
    let error = UserAPIError(.internalError, "a", cause: UserAPIError(.canceled, "SECRET"))
    var writer = JSONWriter()
    error.write(to: &writer)
    #expect(
      writer.buffer.text
        == #"{"code":"internal","message":"a","data":{"reason":"INTERNAL_ERROR","#
        + #""trpcCode":"INTERNAL_SERVER_ERROR"}}"#)
    #expect(!"\(error)".contains("SECRET"))
  }

  @Test func `the id of the call goes with an error, and makes no other of it`() throws {
    var error = UserAPIError(.internalError, "a")
    let anonymous = error
    error.requestID = "r-1"
    var writer = JSONWriter()
    error.write(to: &writer)
    let read = try self.read(writer.buffer.text)
    #expect(read.requestID == "r-1")
    #expect(read == anonymous)
  }

  @Test(arguments: [
    (Duration.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1_001), 2),
    (.seconds(30), 30_000), (.zero, 0), (.milliseconds(Int.max), .max),
  ])
  func `a pause is written in milliseconds, rounded up`(duration: Duration, milliseconds: Int) {
    #expect(duration.wholeMilliseconds == milliseconds)
  }

  @Test func `words of a newer server are kept`() throws {
    let error = try self.read(
      #"{"code":"quite_new","message":"m","data":{"reason":"NEW","trpcCode":"X","more":[]},"y":1}"#)
    #expect(error.code.rawValue == "quite_new")
    #expect(error.code.httpStatus == 500)
    #expect(error.reason.rawValue == "NEW")
    #expect(error.reason.code == .unknown)
    #expect(error.trpcCode == "INTERNAL_SERVER_ERROR")
  }

  @Test(arguments: [
    "{}", #"{"code":1,"message":2,"data":3}"#, #"{"data":{}}"#, #"{"data":{"reason":[]}}"#,
    #"{"code":null,"message":null,"data":null}"#,
    #"{"data":{"retryAfterMs":"5"}}"#, #"{"data":{"retryAfterMs":1.5}}"#,
  ])
  func `an error in which things are missing is still one`(json: String) throws {
    let error = try self.read(json)
    #expect(error.code == .unknown)
    #expect(error.reason == .invalidResponse)
    #expect(!error.message.isEmpty)
    #expect(error.retryAfter == nil)
  }

  @Test func `the failure of initiate follows its code`() throws {
    let error = UserAPIError(
      .upstreamUnavailable, "Failed to create WhatsApp session", code: .internal)
    #expect(error.httpStatus == 500)
    #expect(error.trpcCode == "INTERNAL_SERVER_ERROR")
    #expect(try self.sent(error) == error)
  }

  @Test func `no two codes or reasons share a word`() {
    #expect(Set(ErrorCode.all).count == 16)
    #expect(ErrorCode.all.count == 16)
    #expect(Set(ErrorReason.sent).count == ErrorReason.sent.count)
  }

  @Test(arguments: ErrorReason.sent)
  func `a reason is an upper-case word with a code that is known`(reason: ErrorReason) {
    #expect(reason.rawValue.allSatisfy { $0 == "_" || ("A"..."Z").contains($0) })
    #expect(reason.code != .unknown)
  }

  @Test func `an error prints its code, its reason and its message`() {
    let error = UserAPIError(.tokenExpired, "the token's time is over")
    #expect("\(error)" == "unauthenticated TOKEN_EXPIRED: the token's time is over")
  }
}
