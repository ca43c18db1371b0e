import DirectoryService
import NIOCore
import TestKit
import Testing
import UserAPI

@testable import WAHA

@Suite struct ContactTableTests {
  /// What the table makes of a list.
  func people(
    _ list: String, me: SessionView.Me? = nil, lids: [(lid: UInt64, number: UInt64)] = []
  ) throws -> [Contact] {
    var table = ContactTable(owner: me)
    _ = try JSONReader.forEachElement(of: Array(list.utf8), keys: ContactEntry.keys) { value in
      guard case .object(let entry) = value, table.add(entry) else {
        Issue.record("not understood: \(value)")
        return
      }
    }
    _ = table.resolveByEntries()
    for pair in lids { table.resolve(lid: pair.lid, number: pair.number) }
    var people: [Contact] = []
    try table.forEachPerson { people.append($0) }
    return people.sorted { $0.id < $1.id }
  }

  @Test func `an empty list has nobody`() throws {
    #expect(try self.people("[]").isEmpty)
  }

  @Test(arguments: [
    #""15550000001@c.us""#, #""15550000001@s.whatsapp.net""#, #""15550000001:12@c.us""#,
    #""15550000001:12@s.whatsapp.net""#, #"{"_serialized":"15550000001@c.us"}"#,
    #"{"user":"15550000001","server":"c.us"}"#,
    #"{"user":"15550000001:3","server":"s.whatsapp.net","_serialized":null}"#,
    #"{"user":"x","server":"y","_serialized":"15550000001@c.us"}"#,
  ])
  func `a number is read in every form`(id: String) throws {
    #expect(
      try self.people(#"[{"id":\#(id)}]"#) == [
        Contact(id: "15550000001@c.us", names: [], number: "15550000001")
      ])
  }

  @Test(arguments: ["1", "9999999999999999999", "1000000000000000000"])
  func `digits come out as they went in`(digits: String) throws {
    #expect(
      try self.people(#"[{"id":"\#(digits)@c.us"},{"id":"\#(digits)@lid"}]"#) == [
        Contact(id: digits + "@c.us", names: [], number: digits),
        Contact(id: digits + "@lid", names: [], number: nil),
      ])
  }

  @Test(arguments: [
    #"{}"#, #"{"id":null}"#, #"{"id":5}"#, #"{"id":""}"#, #"{"id":"1"}"#, #"{"id":"@c.us"}"#,
    #"{"id":"1@"}"#, #"{"id":"1@c.us@c.us"}"#, #"{"id":"a@c.us"}"#, #"{"id":"１@c.us"}"#,
    #"{"id":"+1@c.us"}"#, #"{"id":"-1@lid"}"#, #"{"id":":1@c.us"}"#, #"{"id":"01@c.us"}"#,
    #"{"id":"10000000000000000000@c.us"}"#, #"{"id":{}}"#, #"{"id":{"user":"1"}}"#,
    #"{"id":{"user":1,"server":"c.us"}}"#, #"{"id":["1@c.us"]}"#,
    #"{"id":"1@c.us","isMe":"yes"}"#, #"{"id":"1@c.us","isBlocked":1}"#,
  ])
  func `an entry without an id that is one, or with flags that are none, is not understood`(
    entry: String
  ) throws {
    var table = ContactTable(owner: nil)
    _ = try JSONReader.forEachElement(of: Array("[\(entry)]".utf8), keys: ContactEntry.keys) {
      guard case .object(let entry) = $0 else { return }
      let isUnderstood = table.add(entry)
      #expect(!isUnderstood)
    }
    try table.forEachPerson { _ in Issue.record("somebody comes of it") }
  }

  @Test(arguments: [
    "1@g.us", "15551234567-1500000000@g.us", "status@broadcast", "1@broadcast", "1@newsletter",
    "0@c.us", "0@lid", "0@s.whatsapp.net", "1@call", "1@something.new",
  ])
  func `what is no person is understood and left out`(id: String) throws {
    #expect(try self.people(#"[{"id":"\#(id)","name":"x"}]"#).isEmpty)
  }

  @Test func `names come in the order in which they are shown, no blank one and none twice`()
    throws
  {
    let list = #"""
      [{"id":"1@c.us","verifiedName":"V","notify":"N","shortName":"S","pushname":"P","name":"A"},
       {"id":"2@c.us","name":" \u00a0\t","pushname":"P","shortName":"","notify":"P",
        "verifiedName":null},
       {"id":"3@c.us","name":5,"pushname":["x"],"shortName":{"name":"x"},"notify":true},
       {"id":"4@c.us","name":"a\u0000b","pushname":"\ud83e\udd9c","shortName":"x\ud83e"}]
      """#
    #expect(
      try self.people(list).map(\.names) == [
        ["A", "P", "S", "N", "V"], ["P"], [], ["a\0b", "🦜", "x\u{FFFD}"],
      ])
  }

  static let twins = [
    #"{"id":"1@c.us","name":"A","lid":"9@lid"}"#, #"{"id":"9@lid","name":"A","pushname":"a"}"#,
    #"{"id":"9:3@lid","notify":"n"}"#, #"{"id":"1@s.whatsapp.net","shortName":"s"}"#,
  ]

  @Test(arguments: [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]])
  func `entries of one person are one person`(order: [Int]) throws {
    let list = "[" + order.map { Self.twins[$0] }.joined(separator: ",") + "]"
    let people = try self.people(list)
    #expect(people.map(\.id) == ["1@c.us"])
    #expect(people.map(\.number) == ["1"])
    #expect(people.map(\.names) == [["A", "a", "s", "n"]])
  }

  @Test func `a name that is better comes first, whichever entry has it`() throws {
    let list =
      #"[{"id":"1@c.us","pushname":"~joe","verifiedName":"J"},{"id":"9@lid","name":"Joe Smith"}]"#
    #expect(
      try self.people(list, lids: [(9, 1)]) == [
        Contact(id: "1@c.us", names: ["Joe Smith", "~joe", "J"], number: "1")
      ])
  }

  @Test func `a person has sixteen names and no more`() throws {
    let entries = (0..<100).flatMap { number in
      [
        #"{"id":"1@c.us","pushname":"p\#(number)"}"#, #"{"id":"1@c.us","notify":"n\#(number)"}"#,
        #"{"id":"2@c.us","name":"a\#(number)"}"#,
      ]
    }
    let list = "[" + entries.joined(separator: ",") + "]"
    #expect(
      try self.people(list).map(\.names) == [
        (0..<16).map { "p\($0)" }, (0..<16).map { "a\($0)" },
      ])
  }

  /// Otherwise each pair would go over all entries.
  @Test(.timeLimit(.minutes(10))) func `many entries under one LID take many pairs of it`() throws {
    var table = ContactTable(owner: nil)
    let entry = try JSONReader.readObject(ByteBuffer(string: #"{"id":"9@lid"}"#))
    for _ in 0..<100_000 {
      let isUnderstood = table.add(entry)
      #expect(isUnderstood)
    }
    let isIncomplete = table.resolveByEntries()
    #expect(isIncomplete)
    for number in 1...100_000 { table.resolve(lid: 9, number: UInt64(number)) }
    var people: [Contact] = []
    try table.forEachPerson { people.append($0) }
    #expect(people == [Contact(id: "1@c.us", names: [], number: "1")])
  }

  @Test func `nobody is given to a task that is canceled`() async throws {
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      _ = try self.people(#"[{"id":"1@c.us"}]"#)
    }
    #expect(await task.failure?.code == .canceled)
  }

  @Test func `of two numbers with one LID the lower has its names, and both stay`() throws {
    for ids in [("1", "2"), ("2", "1")] {
      let list =
        #"[{"id":"\#(ids.0)@c.us","lid":"9@lid"},{"id":"\#(ids.1)@c.us","lid":"9@lid"},"#
        + #"{"id":"9@lid","name":"A"}]"#
      #expect(
        try self.people(list) == [
          Contact(id: "1@c.us", names: ["A"], number: "1"),
          Contact(id: "2@c.us", names: [], number: "2"),
        ])
    }
  }

  @Test func `a LID that WAHA knows the number of is that number`() throws {
    let list =
      #"[{"id":"8@lid","name":"B"},{"id":"9@lid","name":"A"},{"id":"1@c.us","name":"a"}]"#
    #expect(
      try self.people(list, lids: [(9, 1), (8, 2), (7, 3), (9, 5)]) == [
        Contact(id: "1@c.us", names: ["a", "A"], number: "1"),
        Contact(id: "2@c.us", names: ["B"], number: "2"),
      ])
  }

  @Test(arguments: [
    (#"{"id":"1@c.us","lid":"9@lid"}"#, #"{"id":"9@lid"}"#, false),
    (#"{"id":"1@c.us"}"#, #"{"id":"9@lid"}"#, true), (#"{"id":"1@c.us"}"#, "{}", false),
    (#"{"id":"1@c.us"}"#, #"{"id":"9@lid","isBlocked":true}"#, true),
  ])
  func `whether LIDs are left is known`(first: String, second: String, isIncomplete: Bool) throws {
    var table = ContactTable(owner: nil)
    _ = try JSONReader.forEachElement(
      of: Array("[\(first),\(second)]".utf8), keys: ContactEntry.keys
    ) { value in
      if case .object(let entry) = value { _ = table.add(entry) }
    }
    let isLeft = table.resolveByEntries()
    #expect(isLeft == isIncomplete)
  }

  @Test(arguments: [
    [#"{"id":"1@c.us","isBlocked":true,"lid":"9@lid"}"#, #"{"id":"9@lid"}"#],
    [#"{"id":"1@c.us","lid":"9@lid"}"#, #"{"id":"9@lid","isBlocked":true}"#],
    [#"{"id":"1@c.us","isBlocked":true}"#, #"{"id":"7@lid"}"#],
    [#"{"id":"1@c.us"}"#, #"{"id":"7@lid","isBlocked":true}"#],
    [#"{"id":"1@c.us"}"#, #"{"id":"1@c.us","isMe":true}"#, #"{"id":"7@lid"}"#],
  ])
  func `who is blocked under one id is left out under both`(entries: [String]) throws {
    for entries in [entries, entries.reversed()] {
      let list = "[" + entries.joined(separator: ",") + #",{"id":"2@c.us"}]"#
      #expect(try self.people(list, lids: [(7, 1)]).map(\.id) == ["2@c.us"])
    }
  }

  @Test func `who stands under a LID is on WhatsApp, whatever the number's entry says`() throws {
    let list = #"""
      [{"id":"1@c.us","isWAContact":false,"name":"A"},{"id":"9@lid","name":"a"},
       {"id":"2@c.us","isWAContact":false,"name":"B"}]
      """#
    #expect(
      try self.people(list, lids: [(9, 1)]) == [
        Contact(id: "1@c.us", names: ["A", "a"], number: "1")
      ])
  }

  @Test(arguments: [
    SessionView.Me(id: "1@c.us", lid: "9@lid"), SessionView.Me(id: "1:12@c.us", lid: "9:12@lid"),
    SessionView.Me(id: "1:12@s.whatsapp.net", lid: "9@lid"),
    SessionView.Me(id: nil, lid: "9@lid"), SessionView.Me(id: "9@lid", lid: "1@c.us"),
    SessionView.Me(id: "9@lid", lid: nil), SessionView.Me(id: "1@c.us", lid: nil),
  ])
  func `the account itself is left out under every id that is known`(me: SessionView.Me) throws {
    let list = #"[{"id":"1@c.us","lid":"9@lid"},{"id":"9@lid"},{"id":"2@c.us"}]"#
    #expect(try self.people(list, me: me).map(\.id) == ["2@c.us"])
  }

  @Test func `an id of the account that is none of a person's bars nobody`() throws {
    let me = SessionView.Me(id: "1@g.us", lid: "2@newsletter")
    #expect(
      try self.people(#"[{"id":"1@c.us"},{"id":"2@lid"}]"#, me: me).map(\.id) == [
        "1@c.us", "2@lid",
      ])
  }

  @Test func `an account that has changed its number is left out under the other one, too`() throws
  {
    let list = #"[{"id":"5@c.us","lid":"9@lid"},{"id":"5@c.us","name":"Me"},{"id":"2@c.us"}]"#
    let me = SessionView.Me(id: "1@c.us", lid: "9@lid")
    #expect(try self.people(list, me: me).map(\.id) == ["2@c.us"])
  }

  @Test func `what was removed is not given, and the account stays known`() throws {
    var table = ContactTable(owner: SessionView.Me(id: "1@c.us", lid: nil))
    for _ in 0..<2 {
      table.removeAll()
      _ = try JSONReader.forEachElement(
        of: Array(#"[{"id":"1@c.us"},{"id":"2@c.us","name":"B"}]"#.utf8), keys: ContactEntry.keys
      ) { value in
        if case .object(let entry) = value { _ = table.add(entry) }
      }
    }
    var people: [Contact] = []
    try table.forEachPerson { people.append($0) }
    #expect(people == [Contact(id: "2@c.us", names: ["B"], number: "2")])
  }
}
