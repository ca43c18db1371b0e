import NIOCore
import Testing
import UserAPI

@Suite struct RequestFieldTests {
  /// A field of an input, and JSON that it does not take.
  struct Wrong: Sendable, CustomTestStringConvertible {
    var procedure: Procedure
    var field: String
    var value: String
    var testDescription: String { "\(self.procedure.rawValue) \(self.field) = \(self.value)" }
  }

  private static let valid: [Procedure: [(String, String)]] = {
    var valid: [Procedure: [(String, String)]] = [:]
    for procedure in Procedure.allCases {
      switch procedure {
      case .getWhatsAppSession, .initiateWhatsAppSession: valid[procedure] = []
      case .getSessionStatus, .getSessionQR, .restartSession, .logoutSession:
        valid[procedure] = [("sessionName", #""s""#)]
      case .updateSessionPhone:
        valid[procedure] = [("id", #""i""#), ("phoneNumber", #""+15551234567""#)]
      case .getWhatsAppGroups, .getWhatsAppContacts:
        valid[procedure] = [
          ("sessionName", #""s""#), ("limit", "5"), ("cursor", "3"), ("search", #""x""#),
        ]
      case .watchSession:
        valid[procedure] = [
          ("sessionName", #""s""#), ("after", "3"), ("qrFormat", #""text""#),
        ]
      case .linkSession:
        valid[procedure] = [("phoneNumber", #""+15551234567""#), ("qrFormat", #""text""#)]
      }
    }
    return valid
  }()

  private static let wrong: [Wrong] = Self.valid.flatMap { procedure, fields in
    fields.flatMap { field, _ in
      let values =
        switch field {
        case "limit": ["0", "-1", "1.5", "0.5", "-1e3", "-1e400", "1e-400", #""10""#, #""""#]
        case "cursor": ["-1", "0.5", "-0.5", "1.25e1", "-1e400", #""0""#, #""""#]
        case "after": ["-1", "0.5", #""0""#]
        case "qrFormat": ["1", #""""#, #""PNG""#, #""svg""#]
        case "phoneNumber":
          ["1", #""""#, #""x""#, #""+0155""#, #""1""#, #""+1234567890123456""#, "15551234567"]
        default: ["0", "1.5"]
        }
      return (values + ["true", "false", "[]", "{}", #"["s"]"#]).map {
        Wrong(procedure: procedure, field: field, value: $0)
      }
    }
  }.sorted { $0.testDescription < $1.testDescription }

  private func json(_ procedure: Procedure, replacing field: String? = nil, by value: String?)
    -> ByteBuffer
  {
    let members = (Self.valid[procedure] ?? []).compactMap { name, valid -> String? in
      guard name == field else { return "\"\(name)\":\(valid)" }
      return value.map { "\"\(name)\":\($0)" }
    }
    return ByteBuffer(string: "{" + members.joined(separator: ",") + "}")
  }

  @Test(arguments: Self.wrong)
  func `a wrong value is refused by the name of its field`(wrong: Wrong) {
    let error = #expect(throws: UserAPIError.self) {
      try wrong.procedure.request(
        self.json(wrong.procedure, replacing: wrong.field, by: wrong.value))
    }
    #expect(error?.reason == .invalidField)
    #expect(error?.message.hasPrefix("\(wrong.field): ") == true)
  }

  @Test(arguments: Procedure.allCases)
  func `a field that is missing or null is refused only where it is required`(
    procedure: Procedure
  ) throws {
    for (field, _) in Self.valid[procedure] ?? [] {
      for value in [nil, "null"] as [String?] {
        let json = self.json(procedure, replacing: field, by: value)
        let isOptional =
          ["limit", "cursor", "search", "after", "qrFormat"].contains(field)
          || procedure == .linkSession
        if isOptional {
          #expect(throws: Never.self) { try procedure.request(json) }
        } else {
          let error = #expect(throws: UserAPIError.self) { try procedure.request(json) }
          #expect(error?.reason == .invalidField)
          #expect(error?.message == "\(field): is required")
        }
      }
    }
  }

  @Test(arguments: Procedure.allCases)
  func `unknown keys are ignored, also where there is no input`(procedure: Procedure) throws {
    let plain = self.json(procedure, by: nil)
    let object = try JSONReader.readObject(plain)
    let unknown: JSONObject = ["more": .array([.null])]
    let more = JSONValue.object(JSONObject(members: object.members + unknown.members))
    let request = try procedure.request(plain)
    #expect(try self.decode(procedure, more).encoded() == request.encoded())
  }

  private func decode(_ procedure: Procedure, _ json: JSONValue) throws -> any Message {
    switch procedure {
    case .getWhatsAppSession, .initiateWhatsAppSession: try NoInput(json: json)
    case .getSessionStatus, .getSessionQR, .restartSession, .logoutSession:
      try SessionRequest(json: json)
    case .updateSessionPhone: try UpdateSessionPhoneRequest(json: json)
    case .getWhatsAppGroups, .getWhatsAppContacts: try DirectoryRequest(json: json)
    case .watchSession: try WatchSessionRequest(json: json)
    case .linkSession: try LinkSessionRequest(json: json)
    }
  }

  @Test(arguments: Procedure.allCases, ["[]", "null", "1", #""s""#])
  func `an input that is no object is malformed`(procedure: Procedure, json: String) {
    let error = #expect(throws: UserAPIError.self) {
      try procedure.request(ByteBuffer(string: json))
    }
    #expect(error?.reason == .malformedJSON)
  }

  @Test(arguments: [
    ("1", 1), ("1.0", 1), ("1e0", 1), ("10.0e1", 100), ("0.5e1", 5), ("10000", 10_000),
    ("10001", 10_001), ("9223372036854775807", Int.max), ("9223372036854775808", .max),
    ("1e19", .max), ("1e400", .max), ("null", nil),
  ])
  func `an integer is taken however it is written`(text: String, limit: Int?) throws {
    let request = try DirectoryRequest(
      buffer: ByteBuffer(string: #"{"sessionName":"s","limit":\#(text)}"#))
    #expect(request == DirectoryRequest(sessionName: "s", limit: limit))
  }

  @Test(arguments: [("0", 0), ("-0", 0), ("-0.0", 0), ("0e5", 0), ("1e-400", 0), ("7", 7)])
  func `a cursor of zero is taken however it is written`(text: String, cursor: Int) throws {
    let request = try DirectoryRequest(
      buffer: ByteBuffer(string: #"{"sessionName":"s","cursor":\#(text)}"#))
    #expect(request.cursor == cursor)
  }

  @Test func `of a field given twice the last counts`() throws {
    let request = try SessionRequest(
      buffer: ByteBuffer(string: #"{"sessionName":1,"sessionName":"s"}"#))
    #expect(request.sessionName == "s")
    let error = #expect(throws: UserAPIError.self) {
      try SessionRequest(buffer: ByteBuffer(string: #"{"sessionName":"s","sessionName":null}"#))
    }
    #expect(error?.message == "sessionName: is required")
  }

  @Test func `text is passed on as it came`() throws {
    let request = try DirectoryRequest(
      buffer: ByteBuffer(string: #"{"sessionName":"","search":" \u0000é\ud83d\ude00 "}"#))
    #expect(request == DirectoryRequest(sessionName: "", search: " \0é😀 "))
  }

  @Test func `an error never repeats the value`() {
    let error = #expect(throws: UserAPIError.self) {
      try UpdateSessionPhoneRequest(
        buffer: ByteBuffer(string: #"{"id":"i","phoneNumber":"555-SECRET"}"#))
    }
    #expect(error?.message.contains("SECRET") == false)
  }

  @Test func `what is searched for has at most 512 bytes`() throws {
    func request(_ search: String) throws -> DirectoryRequest {
      try DirectoryRequest(
        buffer: ByteBuffer(string: #"{"sessionName":"s","search":"\#(search)"}"#))
    }
    let longest = String(repeating: "é", count: 256)
    #expect(try request(longest).search == longest)
    let error = #expect(throws: UserAPIError.self) { try request(longest + "e") }
    #expect(error?.reason == .invalidField)
    #expect(error?.message == "search: must be at most 512 bytes")
  }
}
