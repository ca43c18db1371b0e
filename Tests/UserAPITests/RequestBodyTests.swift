import NIOCore
import Testing
import UserAPI

@Suite struct RequestBodyTests {
  private func read(
    _ bytes: ByteBuffer, _ contentType: ContentType, limit: Int = 64, allowsEmpty: Bool = false
  ) -> Result<String, UserAPIError> {
    var results: [Result<String, UserAPIError>] = []
    for pieces in bytes.splits {
      var body = RequestBody(contentType: contentType, limit: limit, allowsEmpty: allowsEmpty)
      do throws(UserAPIError) {
        for piece in pieces { try body.append(piece) }
        results.append(.success(try body.finish().text))
      } catch {
        results.append(.failure(error))
      }
    }
    for result in results.dropFirst() { #expect(result == results[0]) }
    return results[0]
  }

  private func reason(_ result: Result<String, UserAPIError>) -> ErrorReason? {
    guard case .failure(let error) = result else { return nil }
    return error.reason
  }

  @Test(arguments: [ContentType.userAPI, .connect])
  func `a framed body is its one message`(contentType: ContentType) {
    #expect(self.read(.envelope(#"{"a":"é"}"#), contentType) == .success(#"{"a":"é"}"#))
  }

  @Test func `a bare body is its bytes`() {
    #expect(self.read(ByteBuffer(string: #"{"a":"é"}"#), .json) == .success(#"{"a":"é"}"#))
  }

  @Test(arguments: ContentType.allCases)
  func `an empty body is an empty object only where there is no input`(contentType: ContentType) {
    #expect(self.read(ByteBuffer(), contentType, allowsEmpty: true) == .success("{}"))
    #expect(self.reason(self.read(ByteBuffer(), contentType)) == .invalidEnvelope)
  }

  @Test func `an empty envelope is a message of no bytes`() {
    #expect(self.read(.envelope(""), .userAPI, allowsEmpty: true) == .success(""))
  }

  @Test func `two messages are refused`() {
    let two = ByteBuffer.envelope("{}") + .envelope("{}")
    #expect(self.reason(self.read(two, .userAPI)) == .invalidEnvelope)
  }

  @Test(arguments: 1..<7)
  func `a body that ends inside an envelope is refused`(count: Int) throws {
    let part = try #require(ByteBuffer.envelope("{}").getSlice(at: 0, length: count))
    let isWhole = count == 7
    #expect(self.reason(self.read(part, .userAPI)) == (isWhole ? nil : .invalidEnvelope))
    let second = ByteBuffer.envelope("{}") + part
    #expect(self.reason(self.read(second, .userAPI)) == .invalidEnvelope)
  }

  @Test func `flags are refused each for its reason`() {
    for (flags, reason) in [
      (UInt8(1), ErrorReason.compressionUnsupported), (2, .invalidEnvelope),
      (3, .compressionUnsupported), (4, .invalidEnvelope), (5, .invalidEnvelope),
    ] {
      #expect(self.reason(self.read(.envelope("{}", flags: flags), .userAPI)) == reason)
    }
  }

  @Test func `a reserved flag comes before the length`() {
    let header = ByteBuffer(bytes: [0x80, 0xFF, 0xFF, 0xFF, 0xFF])
    #expect(self.reason(self.read(header, .userAPI)) == .invalidEnvelope)
  }

  @Test(arguments: ContentType.allCases)
  func `a message may be as long as the limit and no longer`(contentType: ContentType) {
    let json = String(repeating: " ", count: 62) + "{}"
    func body(_ json: String) -> ByteBuffer {
      contentType.isFramed ? .envelope(json) : ByteBuffer(string: json)
    }
    #expect(self.read(body(json), contentType) == .success(json))
    #expect(self.reason(self.read(body(json + " "), contentType)) == .messageTooLarge)
  }

  @Test func `a message over the limit is refused with its header alone`() {
    let header = ByteBuffer(bytes: [0, 0, 0, 0, 65])
    #expect(self.reason(self.read(header, .userAPI)) == .messageTooLarge)
  }

  @Test func `a bare body over the limit is refused before it ends`() throws {
    var body = RequestBody(contentType: .json, limit: 4, allowsEmpty: false)
    try body.append(ByteBuffer(string: "1234"))
    let error = #expect(throws: UserAPIError.self) { try body.append(ByteBuffer(string: "5")) }
    #expect(error?.reason == .messageTooLarge)
  }
}
