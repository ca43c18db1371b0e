extension ConformanceCase {
  /// A request with such a field is malformed (8.1.1) and resets its stream, whether the field is
  /// among the headers or the trailers.
  private static func malformed(
    _ name: String, _ field: (String, String)
  ) -> [ConformanceCase] {
    [
      ConformanceCase("\(name)", .request(1, [field]), gives: .streamError(1, .protocolError)),
      ConformanceCase(
        "\(name), before others", .request(1, [field, ("a", "b")]),
        gives: .streamError(1, .protocolError)),
      ConformanceCase(
        "\(name), before a body", .open(1, [field]), .data(1, [1], flags: .endStream),
        gives: .streamError(1, .protocolError)),
      ConformanceCase(
        "\(name), in trailers", .open(1), .data(1, [1]), .trailers(1, [field]),
        gives: .streamError(1, .protocolError)),
    ]
  }

  private static func accepted(_ name: String, _ field: (String, String)) -> ConformanceCase {
    ConformanceCase(name, .request(1, [field]), gives: .answered([1]))
  }

  static let fields =
    [
      Self.malformed("8.2.1: an upper-case name", ("X-Test", "a")),
      Self.malformed("8.2.1: an empty name", ("", "a")),
      Self.malformed("8.2.1: a name with a space", ("a b", "c")),
      Self.malformed("8.2.1: a name with NUL", ("a\0b", "c")),
      Self.malformed("8.2.1: a name with CR", ("a\rb", "c")),
      Self.malformed("8.2.1: a name with LF", ("a\nb", "c")),
      Self.malformed("8.2.1: a name with DEL", ("a\u{7f}", "c")),
      Self.malformed("8.2.1: a name beyond ASCII", ("é", "c")),
      Self.malformed("8.2.1: a name with a colon", ("a:b", "c")),
      Self.malformed("8.2.1: a value with NUL", ("a", "b\0c")),
      Self.malformed("8.2.1: a value with CR", ("a", "b\rc")),
      Self.malformed("8.2.1: a value with LF", ("a", "b\nc")),
      Self.malformed("8.2.1: a value with CR LF", ("a", "b\r\nx-injected: 1")),
      Self.malformed("8.2.1: a value that begins with a space", ("a", " b")),
      Self.malformed("8.2.1: a value that begins with a tab", ("a", "\tb")),
      Self.malformed("8.2.1: a value that ends with a space", ("a", "b ")),
      Self.malformed("8.2.1: a value that ends with a tab", ("a", "b\t")),
      Self.malformed("8.2.2: connection", ("connection", "keep-alive")),
      Self.malformed("8.2.2: keep-alive", ("keep-alive", "timeout=5")),
      Self.malformed("8.2.2: proxy-connection", ("proxy-connection", "keep-alive")),
      Self.malformed("8.2.2: transfer-encoding", ("transfer-encoding", "chunked")),
      Self.malformed("8.2.2: upgrade", ("upgrade", "h2c")),
      Self.malformed("8.2.2: te with more than trailers", ("te", "trailers, deflate")),
      Self.malformed("8.2.2: te without trailers", ("te", "gzip")),
    ].flatMap { $0 } + [
      Self.accepted("8.2.2: te with trailers", ("te", "trailers")),
      Self.accepted("8.2.1: an empty value", ("a", "")),
      Self.accepted("8.2.1: a value beyond ASCII", ("a", "é")),
      Self.accepted("8.2.1: spaces and tabs inside a value", ("a", "b \t c")),
      ConformanceCase(
        "8.2.3: several cookies", .request(1, [("cookie", "a=b"), ("cookie", "c=d")]),
        gives: .answered([1])),
    ]
}
