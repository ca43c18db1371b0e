import Testing
import UserAPI

@Suite struct CallHeadTests {
  private static let valid: CallHead.Fields = {
    var fields = CallHead.Fields()
    fields.method = "POST"
    fields.path = "/user.v1.User/getSessionStatus"
    fields.contentType = "application/user-api+json"
    return fields
  }()

  private func refusal(_ change: (inout CallHead.Fields) -> Void) -> CallHead.Refusal? {
    var fields = Self.valid
    change(&fields)
    guard case .failure(let refusal) = CallHead.read(fields) else { return nil }
    return refusal
  }

  @Test(arguments: Procedure.allCases, ContentType.allCases)
  func `a request names its procedure and its encoding`(
    procedure: Procedure, contentType: ContentType
  ) throws {
    guard !procedure.isStreaming || contentType.isFramed else { return }
    var fields = Self.valid
    fields.path = "/user.v1.User/" + procedure.rawValue
    fields.contentType = contentType.rawValue
    let head = try CallHead.read(fields).get()
    #expect(head.procedure == procedure)
    #expect(head.contentType == contentType)
    #expect(head.timeout == nil)
    #expect(procedure.path == fields.path)
  }

  @Test(arguments: [Procedure.watchSession, .linkSession])
  func `a stream is refused to those who take one bare message`(procedure: Procedure) {
    let refusal = self.refusal {
      $0.path = procedure.path
      $0.contentType = "application/json"
    }
    #expect(refusal?.error.reason == .unsupportedContentType)
    #expect(refusal?.contentType == .json)
    #expect(refusal?.header?.name == "accept-post")
    #expect(refusal?.header?.value == "application/user-api+json, application/connect+json")
  }

  /// Each step is wrong in one thing more than the step before would be without it.
  @Test func `what is wrong is told in the order of the spec`() {
    let mistakes: [(ErrorReason, (inout CallHead.Fields) -> Void)] = [
      (.methodNotAllowed, { $0.method = "GET" }),
      (.unsupportedContentType, { $0.contentType = "text/plain" }),
      (.unknownProcedure, { $0.path = "/user.v1.User/nothing" }),
      (.compressionUnsupported, { $0.contentEncoding = "gzip" }),
      (.compressionUnsupported, { $0.connectContentEncoding = "br" }),
      (.invalidTimeout, { $0.connectTimeout = "x" }),
    ]
    for (index, first) in mistakes.enumerated() {
      for second in mistakes[index...] {
        // A method is wrong only on a procedure.
        guard first.0 != .methodNotAllowed || second.0 != .unknownProcedure else { continue }
        let refusal = self.refusal {
          second.1(&$0)
          first.1(&$0)
        }
        #expect(refusal?.error.reason == first.0)
      }
    }
  }

  @Test(arguments: ["GET", "PUT", "HEAD", "OPTIONS", "CONNECT", "post", "", nil])
  func `a method other than POST is told what is allowed`(method: String?) {
    let refusal = self.refusal { $0.method = method }
    #expect(refusal?.error.reason == .methodNotAllowed)
    #expect(refusal?.error.httpStatus == 405)
    #expect(refusal?.contentType == .json)
    #expect(refusal?.header?.name == "allow")
    #expect(refusal?.header?.value == "POST")
  }

  @Test func `a method on no procedure is not what is wrong`() {
    let refusal = self.refusal {
      $0.method = "GET"
      $0.path = "/"
    }
    #expect(refusal?.error.reason == .unknownProcedure)
  }

  @Test(arguments: ["text/plain", "", "application/json, application/json", nil])
  func `another content type is told which there are`(contentType: String?) {
    let refusal = self.refusal { $0.contentType = contentType }
    #expect(refusal?.error.reason == .unsupportedContentType)
    #expect(refusal?.error.httpStatus == 415)
    #expect(refusal?.contentType == .json)
    #expect(refusal?.header?.name == "accept-post")
    #expect(
      refusal?.header?.value
        == "application/user-api+json, application/json, application/connect+json")
  }

  @Test(arguments: [
    "/user.v1.User/getsessionstatus", "/user.v1.User/getSessionStatus/", "/user.v1.User/",
    "/user.v1.User/getSessionStatus?x=1", "/user.v2.User/getSessionStatus", "getSessionStatus",
    "//user.v1.User/getSessionStatus", "/user.v1.User/getSessionStatu%73", "*", "", nil,
  ])
  func `another path is no procedure, in the encoding that was asked for`(path: String?) {
    for contentType in ContentType.allCases {
      let refusal = self.refusal {
        $0.path = path
        $0.contentType = contentType.rawValue
      }
      #expect(refusal?.error.reason == .unknownProcedure)
      #expect(refusal?.contentType == contentType)
      #expect(refusal?.header == nil)
    }
  }

  @Test func `identity is no compression`() {
    #expect(
      self.refusal {
        $0.contentEncoding = "identity"
        $0.connectContentEncoding = "identity"
      } == nil)
  }

  @Test(
    arguments: [
      ("0", 0), ("1", 1), ("5000", 5_000), ("0000000005", 5), ("9999999999", 9_999_999_999),
    ] as [(String, Int64)])
  func `a timeout is one to ten digits`(text: String, milliseconds: Int64) throws {
    var fields = Self.valid
    fields.connectTimeout = text
    #expect(try CallHead.read(fields).get().timeout == .milliseconds(milliseconds))
  }

  @Test(arguments: [
    "", " ", "-1", "+1", "1.5", "1e3", "10000000000", "00000000000", "5s", " 5", "5 ", "٥", "５",
    "0x5",
  ])
  func `another timeout is refused`(text: String) {
    #expect(self.refusal { $0.connectTimeout = text }?.error.reason == .invalidTimeout)
  }

  @Test func `a header of marks means nothing, and costs nothing`() {
    let marks = String(repeating: "\u{301}\u{323}", count: 100_000)
    for name in [
      ":path", "content-type", "content-encoding", "connect-content-encoding",
      "connect-timeout-ms",
    ] {
      for value in [marks, "application/json; charset=" + marks, "POST" + marks] {
        var fields = CallHead.Fields()
        fields.add(name, value)
        for (name, value) in [
          (":method", "POST"), (":path", "/user.v1.User/getSessionStatus"),
          ("content-type", "application/json"),
        ] {
          fields.add(name, value)
        }
        #expect(throws: CallHead.Refusal.self) { try CallHead.read(fields).get() }
      }
    }
  }
}
