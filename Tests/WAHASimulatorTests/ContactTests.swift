import Testing
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct ContactTests {
  @Test func `WEBJS tells who is who`() async throws {
    try await withWorkingSession(.webjs) { server, client in
      let contacts = try await client.get("/api/contacts/all?session=s").json.items ?? []
      let truth = server.truth().contacts
      #expect(contacts.map { $0["id"]?.text } == truth.map(\.id))
      #expect(contacts.map { $0["isMe"] == true } == truth.map(\.isMe))
      #expect(contacts.map { $0["isBlocked"] == true } == truth.map(\.isBlocked))
      #expect(contacts.map { $0["isGroup"] == true } == truth.map { $0.kind == .group })
      for name in [JSON?.none, .null, ""] { #expect(contacts.contains { $0["name"] == name }) }
      let lids = contacts.filter { $0["id"]?.text?.hasSuffix("@lid") == true }
      #expect(lids.contains { $0["number"] == nil })
      #expect(lids.contains { $0["number"] == .null })
      #expect(lids.contains { $0["number"]?.text != nil })
    }
  }

  @Test func `NOWEB needs its store`() async throws {
    try await withWorkingSession(.noweb) { _, client in
      let refused = try await client.get("/api/contacts/all?session=s")
      #expect(refused.status == 400)
      #expect(try refused.json["message"]?.text?.hasPrefix("Enable NOWEB store") == true)
    }
    let store = #"{"noweb":{"store":{"enabled":true}}}"#
    try await withWorkingSession(.noweb, config: store) { _, client in
      let contacts = try await client.get("/api/contacts/all?session=s&offset=190").json.items ?? []
      #expect(contacts.count == 10)
      let keys = Set(contacts.flatMap(\.keys))
      #expect(keys.isSubset(of: ["id", "lid", "name", "verifiedName", "imgUrl", "pushname"]))
    }
  }

  @Test func `GOWS gives ids and names, by id`() async throws {
    try await withWorkingSession(.gows) { server, client in
      let contacts = try await client.get("/api/contacts/all?session=s").json.items ?? []
      #expect(contacts.compactMap { $0["id"]?.text } == server.truth().contacts.map(\.id).sorted())
      #expect(Set(contacts.flatMap(\.keys)) == ["id", "name", "pushname"])
    }
  }

  @Test func `in memory an offset needs a limit`() async throws {
    try await withWorkingSession(.webjs) { server, client in
      let whole = try await client.get("/api/contacts/all?session=s&offset=50").json.items
      #expect(whole?.count == 200)
      let page = try await client.get("/api/contacts/all?session=s&offset=50&limit=2").json.items
      #expect(page?.map { $0["id"]?.text } == server.truth().contacts[50..<52].map(\.id))
      #expect(try await client.get("/api/contacts/all?session=").status == 400)
      #expect(try await client.get("/api/contacts/all").status == 422)
      server.setEngine(.webjs, version: ServerVersion(2024, 10, 8))
      let old = try await client.get("/api/contacts/all?session=s&limit=2").json.items
      #expect(old?.count == 200)
    }
  }

  @Test(arguments: [
    (Engine.webjs, #""name":"Ana \ud83e""#), (.noweb, #""name":"Ana \ud83e""#),
    (.gows, "\"name\":\"Ana \u{FFFD}\""),
  ])
  func `a name is cut in the middle of a character, but by Go`(
    engine: Engine, text: String
  ) async throws {
    let store = #"{"noweb":{"store":{"enabled":true}}}"#
    try await withWorkingSession(engine, config: store) { server, client in
      server.setAddressBook(
        groups: [], contacts: [Contact(id: "1@c.us", name: "Ana 🦜", isNameCut: true)])
      let answer = try await client.get("/api/contacts/all?session=s")
      #expect(answer.text.contains(text), "\(answer.text)")
    }
  }

  @Test func `a number that only the LID calls know is in no list of contacts`() async throws {
    try await withWorkingSession(.webjs) { server, client in
      server.setAddressBook(
        groups: [], contacts: [Contact(id: "200@lid", name: "Ana", number: "1555@c.us")])
      #expect(try await !client.get("/api/contacts/all?session=s").text.contains("1555"))
      let lids = try await client.get("/api/s/lids").json
      #expect(lids == [["lid": "200@lid", "pn": "1555@c.us"]])
    }
  }

  @Test func `another address book is sorted anew`() async throws {
    try await withWorkingSession(.gows) { server, client in
      for ids in [["3@c.us", "1@c.us"], ["5@c.us", "2@c.us", "4@c.us"]] {
        server.setAddressBook(groups: [], contacts: ids.map { Contact(id: $0) })
        for order in ["asc", "desc", "asc"] {
          let target = "/api/contacts/all?session=s&sortBy=id&sortOrder=\(order)"
          let items = try await client.get(target).json.items ?? []
          let sorted = order == "asc" ? ids.sorted() : ids.sorted(by: >)
          #expect(items.compactMap { $0["id"]?.text } == sorted)
        }
      }
    }
  }

  @Test func `a LID and a number lead to each other`() async throws {
    try await withWorkingSession(.gows) { server, client in
      let person = try #require(
        server.truth().contacts.first { $0.kind == .person && $0.lid != nil })
      let lid = try #require(person.lid)
      let number = String(person.id.prefix { $0 != "@" })
      let pair: JSON = ["lid": .string(lid), "pn": .string(person.id)]
      let encoded = lid.split(separator: "@").joined(separator: "%40")
      #expect(try await client.get("/api/s/lids/\(encoded)").json == pair)
      #expect(try await client.get("/api/s/lids/pn/\(number)").json == pair)
      #expect(try await client.get("/api/s/lids/pn/1").json["lid"] == .null)
      #expect(try await client.get("/api/s/lids?limit=3").json.items?.count == 3)
      let count = try await client.get("/api/s/lids/count").json["count"]?.integer
      #expect(count == server.truth().contacts.filter { $0.lid != nil }.count)
      server.setEngine(.gows, version: ServerVersion(2025, 5, 3))
      #expect(try await client.get("/api/s/lids").status == 404)
    }
  }
}
