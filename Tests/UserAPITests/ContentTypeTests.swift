import Testing
import UserAPI

@Suite struct ContentTypeTests {
  @Test(arguments: ContentType.allCases)
  func `a type is read in any case and with parameters that change nothing`(type: ContentType) {
    let name = type.rawValue
    for header in [
      name, name.uppercased(), " \(name) ", "\t\(name)", "\(name);", "\(name); charset=utf-8",
      "\(name);charset=UTF-8", "\(name) ; charset=\"utf-8\"", "\(name); v=1; CHARSET=Utf-8",
      "\(name); v=1", "\(name);;",
    ] {
      #expect(ContentType(header: header) == type, "\(header)")
    }
  }

  @Test(arguments: [
    "", " ", ";", "*/*", "application/*", "application", "json", "text/json", "application/jsonx",
    "application/json+user-api", "application/user-api", "application/connect+proto",
    "application/proto", "application/grpc", "application/grpc+json",
    "application/json, text/plain",
    "application/json; charset=latin1", "application/json;charset=utf-16",
    "application/json; charset=", "; charset=utf-8", "application/json charset=utf-8",
    "application /json", "application/json\u{A0}",
  ])
  func `another type is none`(header: String) {
    #expect(ContentType(header: header) == nil)
  }

  @Test func `only application/json is bare`() {
    #expect(ContentType.allCases.filter { !$0.isFramed } == [.json])
  }

  @Test(arguments: [
    ("", ""), (" ", ""), ("\t a b \t", "a b"), ("a", "a"), (" a", "a"), ("a ", "a"),
  ])
  func `spaces and tabs at the ends are trimmed`(text: String, trimmed: String) {
    #expect(text.trimmingSpaces() == trimmed)
  }
}
