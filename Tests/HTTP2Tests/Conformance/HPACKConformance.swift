extension ConformanceCase {
  private static let base = Frame.literal(Frame.fields())

  /// A request whose block ends with these bytes, which cannot be decoded.
  private static func broken(_ name: String, _ bytes: [UInt8]) -> ConformanceCase {
    ConformanceCase(
      "HPACK \(name)", .block(1, Self.base + bytes),
      gives: .connectionError(.compressionError, last: 1))
  }

  private static func accepted(_ name: String, _ bytes: [UInt8]) -> ConformanceCase {
    ConformanceCase("HPACK \(name)", .block(1, Self.base + bytes), gives: .answered([1]))
  }

  /// A field of so many bytes in the table (RFC 7541, section 4.1), which it enters.
  private static func entry(_ letter: Character, size: Int) -> [UInt8] {
    [0x40] + Frame.literal([(String(letter), String(repeating: "v", count: size - 33))]).dropFirst()
  }

  static let hpack = [
    Self.accepted("6.1: an entry of the static table", [0xba]),
    Self.accepted("6.2.1: indexed, name of the table", [0x7a, 2, 0x68, 0x32]),
    Self.accepted("6.2.1: indexed, new name", [0x40, 1, 0x61, 1, 0x62]),
    Self.accepted(
      "6.2.1: indexed, new name, Huffman",
      [0x40, 0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0x84, 0x9c, 0x48, 0xac, 0xa4]),
    Self.accepted("6.2.2: not indexed, name of the table", [0x0f, 0x2b, 2, 0x68, 0x32]),
    Self.accepted(
      "6.2.2: not indexed, new name, Huffman",
      [0x00, 0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0x84, 0x9c, 0x48, 0xac, 0xa4]),
    Self.accepted("6.2.3: never indexed, name of the table", [0x1f, 0x2b, 2, 0x68, 0x32]),
    Self.accepted("6.2.3: never indexed, new name", [0x10, 1, 0x61, 1, 0x62]),
    Self.accepted(
      "5.1: an integer longer than it need be",
      [0x00, 1, 0x61, 0x7f, 0x80, 0x80, 0]
        + [UInt8](repeating: 0x62, count: 127)),
    ConformanceCase(
      "HPACK 6.3: the table's size set to nothing", .block(1, [0x20] + Self.base),
      gives: .answered([1])),
    ConformanceCase(
      "HPACK 4.2: the table's size set twice",
      .block(1, [0x20, 0x3f, 0xe1, 0x1f] + Self.base), gives: .answered([1])),
    ConformanceCase(
      "HPACK 6.3: the table's size in trailers", .open(1), .block(1, [0x20]),
      gives: .answered([1])),

    Self.broken("6.1: entry 0", [0x80]),
    Self.broken("2.3.3: an entry beyond the tables", [0xbe]),
    Self.broken("2.3.3: a name beyond the tables", [0x7e, 1, 0x61]),
    Self.broken("2.3.3: the name of entry 70, not indexed", [0x0f, 55, 1, 0x61]),
    Self.broken("6.3: the table's size changed behind a field", [0x20]),
    Self.broken("6.3: the table's size set twice behind a field", [0x20, 0x3f, 0xe1, 0x1f]),
    ConformanceCase(
      "HPACK 6.3: a table larger than allowed",
      .block(1, [0x3f, 0xe2, 0x1f] + Self.base),
      gives: .connectionError(.compressionError, last: 1)),
    ConformanceCase(
      "HPACK 6.3: a table of 2^32", .block(1, [0x3f, 0xe1, 0xff, 0xff, 0xff, 0x0f]),
      gives: .connectionError(.compressionError, last: 1)),
    Self.broken(
      "5.1: an integer that overflows", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    Self.broken(
      "5.1: an integer without an end", [0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]),
    Self.broken(
      "5.1: a length that overflows",
      [0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    Self.broken("5.1: an integer cut off", [0xff]),
    Self.broken("5.2: a literal without its strings", [0x40]),
    Self.broken("5.2: a literal without its value", [0x00, 1, 0x61]),
    Self.broken("5.2: a value cut off", [0x00, 1, 0x61, 9, 0x62]),
    Self.broken(
      "5.2: a Huffman padding of more than 7 bits",
      [0x00, 0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0x84, 0x49, 0x50, 0x9f, 0xff]),
    Self.broken(
      "5.2: a Huffman padding of zeros",
      [0x00, 0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0x83, 0x49, 0x50, 0x90]),
    Self.broken(
      "5.2: the end-of-string symbol in Huffman",
      [0x00, 0x85, 0xf2, 0xb2, 0x4a, 0x87, 0xff, 0xff, 0xff, 0xfd, 0x25, 0x42, 0x7f]),
    Self.broken("5.2: nothing but a Huffman padding of 8 bits", [0x00, 1, 0x61, 0x81, 0xff]),
    ConformanceCase(
      "HPACK 5.2: a block that is one byte of a literal", .block(1, [0x40]),
      gives: .connectionError(.compressionError, last: 1)),
    ConformanceCase(
      "HPACK 2.3.3: an entry beyond the tables, in trailers", .open(1),
      .block(1, [0xbe]), gives: .connectionError(.compressionError, last: 1)),
    ConformanceCase(
      "HPACK 2.3.3: an entry beyond the tables, in CONTINUATION",
      .request(1, flags: .endStream),
      Frame(type: 0x9, flags: .endHeaders, stream: 1, payload: [0xbe]),
      gives: .connectionError(.compressionError, last: 1)),
    ConformanceCase(
      "HPACK 2.3.3: an entry beyond the tables, in a block that is ignored",
      steps: [.open(1, path: "/reset")], [.block(1, [0xbe])],
      gives: .connectionError(.compressionError, last: 1)),

    // The dynamic table: 4096 bytes, newest first, from entry 62 on.
    ConformanceCase(
      "HPACK 2.3.2: an entry lives on in the next request",
      .block(1, Self.base + Self.entry("a", size: 40)), .block(3, Self.base + [0xbe]),
      gives: .answered([1, 3])),
    ConformanceCase(
      "HPACK 4.4: as many entries as fit",
      .block(1, Self.base + Self.entry("a", size: 2048) + Self.entry("b", size: 2048)),
      .block(3, Self.base + [0xbe, 0xbf]), gives: .answered([1, 3])),
    ConformanceCase(
      "HPACK 4.4: the oldest entry makes room",
      .block(1, Self.base + Self.entry("a", size: 2048) + Self.entry("b", size: 2049)),
      .block(3, Self.base + [0xbf]), gives: .connectionError(.compressionError, last: 3)),
    ConformanceCase(
      "HPACK 4.4: the entry that made room is there",
      .block(1, Self.base + Self.entry("a", size: 2048) + Self.entry("b", size: 2049)),
      .block(3, Self.base + [0xbe]), gives: .answered([1, 3])),
    ConformanceCase(
      "HPACK 4.4: an entry larger than the table empties it",
      .block(1, Self.base + Self.entry("a", size: 40) + Self.entry("b", size: 4097)),
      .block(3, Self.base + [0xbe]), gives: .connectionError(.compressionError, last: 3)),
    ConformanceCase(
      "HPACK 4.3: a smaller table drops entries",
      .block(1, Self.base + Self.entry("a", size: 40) + Self.entry("b", size: 40)),
      .block(3, [0x3f, 9] + Self.base + [0xbe]), .block(5, Self.base + [0xbf]),
      gives: .connectionError(.compressionError, last: 5)),
    ConformanceCase(
      "HPACK 4.3: an empty table has no entries",
      .block(1, Self.base + Self.entry("a", size: 40)), .block(3, [0x20] + Self.base),
      .block(5, [0x3f, 0xe1, 0x1f] + Self.base + [0xbe]),
      gives: .connectionError(.compressionError, last: 5)),
    ConformanceCase(
      "HPACK 4.4: a name of an entry that makes room for its own",
      .block(1, Self.base + Self.entry("a", size: 4096)),
      // The name of entry 62, and a value that leaves room for nothing else.
      .block(3, Self.base + [0x7e] + Self.entry("a", size: 4096).dropFirst(3)),
      .block(5, Self.base + [0xbe]), gives: .answered([1, 3, 5])),
  ]
}
