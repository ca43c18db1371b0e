extension ConformanceCase {
  /// A request with these fields, malformed (8.1.1).
  private static func malformed(
    _ name: String, _ fields: [(String, String)]
  ) -> ConformanceCase {
    ConformanceCase(
      name, .headers(1, fields, flags: .whole), gives: .streamError(1, .protocolError))
  }

  private static func without(_ name: String) -> [(String, String)] {
    Frame.fields().filter { $0.0 != name }
  }

  private static func with(_ name: String, _ value: String) -> [(String, String)] {
    Frame.fields().map { $0.0 == name ? (name, value) : $0 }
  }

  private static let connect = [(":method", "CONNECT"), (":authority", "example.test:443")]

  static let pseudoHeaders = [
    Self.malformed("8.3: an unknown pseudo-header", Frame.fields() + [(":test", "a")]),
    Self.malformed("8.3: a pseudo-header of responses", Frame.fields() + [(":status", "200")]),
    Self.malformed(
      "8.3: a pseudo-header after a field",
      [("a", "b")] + Frame.fields()),
    Self.malformed(
      "8.3: one pseudo-header after a field",
      Self.without(":path") + [("a", "b"), (":path", "/a")]),
    Self.malformed("8.3.1: no :method", Self.without(":method")),
    Self.malformed("8.3.1: no :scheme", Self.without(":scheme")),
    Self.malformed("8.3.1: no :path", Self.without(":path")),
    Self.malformed("8.3.1: an empty :path", Self.with(":path", "")),
    Self.malformed("8.3.1: an empty :method", Self.with(":method", "")),
    Self.malformed("8.3.1: an empty :scheme", Self.with(":scheme", "")),
    Self.malformed("8.3.1: a :path without its slash", Self.with(":path", "a")),
    Self.malformed("8.3.1: * as :path of a POST", Self.with(":path", "*")),
    Self.malformed("8.3.1: a :path with a space", Self.with(":path", "/a b")),
    Self.malformed("8.3.1: a :path with NUL", Self.with(":path", "/a\0")),
    Self.malformed("8.3.1: a :path with CR LF", Self.with(":path", "/a\r\nb: c")),
    Self.malformed("8.3.1: a :method with a space", Self.with(":method", "PO ST")),
    Self.malformed("8.3.1: a :method with CR LF", Self.with(":method", "POST\r\n")),
    Self.malformed("8.3.1: an :authority with a space", Self.with(":authority", "a b")),
    Self.malformed("8.3.1: an :authority with LF", Self.with(":authority", "a\nb")),
    Self.malformed("8.3.1: :method twice", Frame.fields() + [(":method", "POST")]),
    Self.malformed("8.3.1: :scheme twice", Frame.fields() + [(":scheme", "http")]),
    Self.malformed("8.3.1: :path twice", Frame.fields() + [(":path", "/a")]),
    Self.malformed("8.3.1: :authority twice", Frame.fields() + [(":authority", "example.test")]),
    Self.malformed(
      "8.3.1: an upper-case pseudo-header",
      Self.without(":method") + [(":Method", "POST")]),
    ConformanceCase(
      "8.3.1: an empty :path, before a body",
      .headers(1, Self.with(":path", ""), flags: .endHeaders), .data(1, [1], flags: .endStream),
      gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1: a pseudo-header in trailers", .open(1),
      .trailers(1, [(":method", "POST")]), gives: .streamError(1, .protocolError)),
    ConformanceCase(
      "8.1: :status in trailers", .open(1), .data(1, [1]),
      .trailers(1, [("a", "b"), (":status", "200")]), gives: .streamError(1, .protocolError)),
    // An http URI has an authority (9110/4.2.1).
    Self.malformed("8.3.1: neither :authority nor host", Self.without(":authority")),
    Self.malformed(
      "8.3.1: a host other than :authority",
      Frame.fields() + [("host", "other.test")]),
    ConformanceCase(
      "8.3.1: host in the place of :authority",
      .headers(1, Self.without(":authority") + [("host", "example.test")], flags: .whole),
      gives: .answered([1])),
    ConformanceCase(
      "8.3.1: host and :authority that say the same",
      .request(1, [("host", "Example.Test")]), gives: .answered([1])),
    ConformanceCase(
      "8.3.1: host and :authority that differ in the scheme's own port",
      .request(1, [("host", "example.test:80")]), gives: .answered([1])),
    ConformanceCase(
      "8.3.1: pseudo-headers in another order",
      .headers(1, Frame.fields().reversed(), flags: .whole), gives: .answered([1])),
    ConformanceCase(
      "8.3.1: OPTIONS *",
      .headers(
        1, [(":method", "OPTIONS"), (":path", "*")] + Frame.fields()[1...2], flags: .whole),
      gives: .answered([1])),

    ConformanceCase(
      "8.5: CONNECT", .headers(1, Self.connect, flags: .whole),
      gives: .answered([1])),
    Self.malformed("8.5: CONNECT with :scheme", Self.connect + [(":scheme", "http")]),
    Self.malformed("8.5: CONNECT with :path", Self.connect + [(":path", "/")]),
    Self.malformed("8.5: CONNECT without :authority", [(":method", "CONNECT")]),
    Self.malformed(
      "8441/4: extended CONNECT without the setting",
      Self.connect + [(":scheme", "http"), (":path", "/"), (":protocol", "websocket")]),
    Self.malformed("8441/4: :protocol on a POST", Frame.fields() + [(":protocol", "websocket")]),
  ]
}
