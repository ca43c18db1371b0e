import SessionService
import Testing
import WAHA

@Suite struct WAHAHostTests {
  private func host(_ name: String, _ url: String, _ capacity: Int?) throws -> WAHAHost {
    WAHAHost(
      name: HostName(stored: name), url: try #require(UpstreamURL(url)), capacity: capacity)
  }

  @Test func `one URL is a host of its own without a limit`() throws {
    #expect(
      try WAHAHost.list("http://waha:3000") == [try self.host("default", "http://waha:3000", nil)])
  }

  @Test func `entries have a name, a URL and perhaps a capacity`() throws {
    let hosts = try WAHAHost.list("  a=http://a:3000,capacity=50\n\tb-2=https://b/x/  c=http://c ")
    #expect(
      hosts == [
        try self.host("a", "http://a:3000", 50), try self.host("b-2", "https://b/x", nil),
        try self.host("c", "http://c", nil),
      ])
    #expect(
      try WAHAHost.list("a=http://a,capacity=0") == [try self.host("a", "http://a", 0)])
  }

  @Test(
    arguments: [
      ("A=http://a", "entry 1 "), ("a=http://a http://b", "entry 2 "), ("a=", "entry 1 (a)"),
      ("=http://a", "entry 1 "), ("a=ftp://a", "entry 1 (a)"),
      ("a=http://u:p@a", "entry 1 (a)"), ("a=http://a b=http://b?x=1", "entry 2 (b)"),
      ("a=http://a,capacity=", "entry 1 (a)"), ("a=http://a,capacity=-1", "entry 1 (a)"),
      ("a=http://a,capacity=1e3", "entry 1 (a)"), ("a=http://a,capacity=+1", "entry 1 (a)"),
      ("a=http://a,capacity=1000001", "entry 1 (a)"), ("a=http://a,size=1", "entry 1 (a)"),
      ("a=http://a,capacity=99999999999999999999", "entry 1 (a)"),
      ("a=http://a,capacity=1,capacity=2", "entry 1 (a)"), ("a=http://a,", "entry 1 (a)"),
      ("a=http://a a=http://b", "entry 2 (a)"), ("http://a http://b", "URL"), (" ", "URL"),
      ("http://a?b=c", "URL"), ("localhost:3000", "URL"),
    ])
  func `a wrong one says where it is wrong, and nothing of the URL`(
    text: String, words: String
  ) throws {
    let error = try #require(throws: WAHAHostsError.self) { try WAHAHost.list(text) }
    #expect(error.problem.contains(words), "\(error.problem)")
    #expect(!error.problem.contains("://"))
    #expect(!error.problem.contains("\n"))
  }

  @Test func `there is a bound to them`() throws {
    let entries = (0..<33).map { "host-\($0)=http://h" }
    #expect(try WAHAHost.list(entries.dropLast().joined(separator: " ")).count == 32)
    #expect(throws: WAHAHostsError.self) {
      try WAHAHost.list(entries.joined(separator: " "))
    }
  }
}
