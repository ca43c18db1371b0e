import Testing
import UserAPI

@testable import user_api

@Suite struct TableTests {
  @Test func `columns are as wide as their widest cell`() {
    let table = Table(header: ["NAME", "ID"], rows: [["Family", "1@g.us"], ["A", "22@g.us"]])
    #expect(
      table.text == """
        NAME    ID
        Family  1@g.us
        A       22@g.us
        """)
  }

  @Test func `wide characters and emoji take two columns, marks none`() {
    #expect("家族".columns == 4)
    #expect("👨‍👩‍👧".columns == 2)
    #expect("e\u{301}a".columns == 2)
    #expect("❤️".columns == 2)
    let table = Table(rows: [["家族", "x"], ["ab", "y"]])
    #expect(table.text == "家族  x\nab    y")
  }

  @Test(arguments: [
    ("a\u{1B}[31mb", "a[31mb"), ("a\nb\tc", "a b c"), ("a\u{9B}2Jb", "a2Jb"),
    ("a\u{202E}b", "ab"), ("a\u{200B}b\u{FEFF}", "ab"), ("a\u{2028}b", "a b"),
    ("\u{7}\u{8}\u{7F}", ""), ("Zoë 家 👨‍👩‍👧", "Zoë 家 👨‍👩‍👧"),
  ])
  func `a name cannot command the terminal`(name: String, printable: String) {
    #expect(name.printable == printable)
    #expect(Table(rows: [[name, "."]]).text.hasSuffix("."))
  }

  @Test func `JSON on a terminal cannot command it either`() {
    let json = "{\"a\":\"\u{9B}2J\u{1B}\u{202E}\u{E0001}é\"}\n"
    #expect(
      json.escapedForTerminal
        == #"{"a":"\u009b2J\u001b\u202e\udb40\udc01é"}"# + "\n")
  }

  @Test func `a page says how much there is and how to go on`() {
    let page = GroupPage(
      items: [.init(groupId: "1@g.us", groupName: "Family")], nextCursor: 1, total: 3)
    #expect(
      page.table == """
        NAME    ID
        Family  1@g.us
        1 of 3, go on with --cursor 1 or --all
        """)
    let contacts = ContactPage(items: [
      .init(groupId: "1@c.us", groupName: "Ann", number: "1"),
      .init(groupId: "2@lid", groupName: "Bob", number: nil),
    ])
    #expect(
      contacts.table == """
        NAME  NUMBER  ID
        Ann   1       1@c.us
        Bob   -       2@lid
        2
        """)
    let old = GroupPage(
      items: [], nextCursor: 7, total: 9, snapshot: "1abc",
      asOf: Timestamp(millisecondsSinceEpoch: 0), warning: .listShrank)
    #expect(
      old.summary == """
        0 of 9, as of 1970-01-01T00:00:00.000Z, go on with --cursor 7 --snapshot 1abc or --all
        warning: LIST_SHRANK
        """)
  }

  @Test func `a session is shown with its groups and campaigns`() {
    let session = WhatsAppSession(
      id: "i", sessionName: "s", phoneNumber: nil, userId: "u",
      createdAt: Timestamp(millisecondsSinceEpoch: 0),
      updatedAt: Timestamp(millisecondsSinceEpoch: 1),
      groups: [
        .init(
          id: "g", groupName: "Family", groupId: "1@g.us",
          campaigns: ["c", "d"].map {
            .init(
              id: $0, status: "SCHEDULED", startDate: Timestamp(millisecondsSinceEpoch: 0))
          }),
        .init(id: "h", groupName: "Work", groupId: "2@g.us", campaigns: []),
      ])
    #expect(
      session.table == """
        session  s
        id       i
        phone    -
        user     u
        created  1970-01-01T00:00:00.000Z
        updated  1970-01-01T00:00:00.001Z

        GROUP   ID      CAMPAIGN  STATUS     START
        Family  1@g.us  c         SCHEDULED  1970-01-01T00:00:00.000Z
                        d         SCHEDULED  1970-01-01T00:00:00.000Z
        Work    2@g.us
        """)
  }
}
