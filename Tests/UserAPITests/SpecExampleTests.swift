import NIOCore
import Testing
import UserAPI

@Suite struct SpecExampleTests {
  /// The limit of proto-spec.md, section 8.
  private static let limit = 1 << 20

  private func read(_ example: SpecExample, pieces: [ByteBuffer]) throws(UserAPIError) -> ByteBuffer
  {
    var body = RequestBody(
      contentType: example.contentType, limit: Self.limit,
      allowsEmpty: !example.procedure.hasInput)
    for piece in pieces { try body.append(piece) }
    return try body.finish()
  }

  @Test(arguments: try SpecExample.all(.request, refused: false))
  func `a request of the spec is read however it is split`(example: SpecExample) throws {
    let json = try #require(example.json.first)
    #expect(example.json.count == 1)
    for pieces in example.body.splits {
      #expect(try self.read(example, pieces: pieces).text == json)
    }
    _ = try example.procedure.request(ByteBuffer(string: json))
  }

  @Test(arguments: try SpecExample.all(.request, refused: false))
  func `a request of the spec is written as it stands there`(example: SpecExample) throws {
    guard example.body.readableBytes > 0 else { return }
    let json = try #require(example.json.first)
    let message = try example.procedure.request(ByteBuffer(string: json))
    var written = ByteBuffer()
    if example.contentType.isFramed {
      written.writeEnvelope { message.write(to: &$0) }
    } else {
      written = message.encoded()
    }
    #expect(written == example.body)
  }

  @Test(arguments: try SpecExample.all(.request, refused: true))
  func `a request that the spec refuses is refused however it is split`(
    example: SpecExample
  ) throws {
    for pieces in example.body.splits {
      let error = #expect(throws: UserAPIError.self) {
        _ = try example.procedure.request(try self.read(example, pieces: pieces))
      }
      #expect(error?.reason == example.refusal)
    }
  }

  @Test(arguments: try SpecExample.all(.response, refused: false))
  func `a response of the spec is written as it stands there`(example: SpecExample) throws {
    guard let status = example.status else { return }
    let encoder = ResponseEncoder(contentType: example.contentType)
    let isError = example.json.count == 1 && (example.contentType.isFramed || status != 200)
    if isError {
      let error = try self.error(example)
      #expect(encoder.end(error) == example.body)
      #expect(encoder.status(for: error) == status)
    } else {
      let json = try #require(example.json.first)
      let reply = try example.procedure.reply(ByteBuffer(string: json))
      var body = encoder.message(reply)
      body.writeImmutableBuffer(encoder.end(nil))
      #expect(body == example.body)
      #expect(encoder.status(for: nil) == status)
    }
  }

  @Test(arguments: try SpecExample.all(.response, refused: false))
  func `a framed response of the spec is read however it is split`(example: SpecExample) throws {
    guard example.contentType.isFramed else { return }
    let error = try self.error(example)
    let isError = example.json.last != "{}"
    for pieces in example.body.splits {
      let transcript = ClientTranscript(
        contentType: example.contentType, status: example.status ?? 200, pieces: pieces)
      #expect(transcript.messages.map(\.text) == example.json.dropLast())
      #expect(transcript.outcome == (isError ? .failed(error) : .succeeded))
    }
    if let messages = example.messages {
      #expect(example.json.count == messages + 1)
    }
  }

  @Test(arguments: try SpecExample.all(.response, refused: true))
  func `a response that the spec refuses is no answer however it is split`(
    example: SpecExample
  ) throws {
    for pieces in example.body.splits {
      let transcript = ClientTranscript(
        contentType: example.contentType, status: 200, pieces: pieces)
      guard case .failed(let error) = transcript.outcome else {
        Issue.record("line \(example.line) was taken for an answer")
        return
      }
      #expect(error.reason == example.refusal)
    }
  }

  @Test func `the spec has examples of every kind`() throws {
    let examples = try SpecExample.all(in: SpecFile.read())
    for kind in [SpecExample.Kind.request, .response] {
      for contentType in ContentType.allCases {
        #expect(examples.contains { $0.kind == kind && $0.contentType == contentType })
      }
    }
    #expect(Set(examples.compactMap(\.refusal)).count >= 6)
    #expect(examples.count > 30)
  }

  /// The error that stands in the last line of the JSON.
  private func error(_ example: SpecExample) throws -> UserAPIError {
    let json = try #require(example.json.last)
    let object = try JSONReader.readObject(ByteBuffer(string: json))
    if example.contentType.isFramed, case .object(let error) = object["error"] {
      return UserAPIError(object: error)
    }
    return UserAPIError(object: object)
  }
}
