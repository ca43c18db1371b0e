import Testing
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct AddressBookTests {
  @Test func `the same plan makes the same book, another seed another`() {
    let book = AddressBook.generated(AddressBookPlan(seed: 7))
    let again = AddressBook.generated(AddressBookPlan(seed: 7))
    let other = AddressBook.generated(AddressBookPlan(seed: 8))
    #expect(book.contacts == again.contacts)
    #expect(book.groups == again.groups)
    #expect(book.contacts != other.contacts)
  }

  @Test func `a book has everything that surprises`() {
    let book = AddressBook.generated(AddressBookPlan())
    #expect(Set(book.contacts.map(\.kind)) == Set(Contact.Kind.allCases))
    #expect(Set(book.contacts.map(\.id)).count == book.contacts.count)
    #expect(book.contacts.filter { $0.isMe }.map(\.id) == [book.owner.id])
    let lids = Set(book.contacts.compactMap(\.lid))
    #expect(book.contacts.contains { $0.kind == .lid && lids.contains($0.id) })
    #expect(book.contacts.contains { $0.kind == .lid && !lids.contains($0.id) })
    #expect(book.groups.contains { $0.name == nil })
    #expect(book.groups.contains { $0.id.contains("-") })
  }

  @Test(arguments: [0, 1, 4]) func `a small book is no trouble`(size: Int) {
    let book = AddressBook.generated(AddressBookPlan(groups: size, contacts: size))
    #expect(book.contacts.count == size)
    #expect(book.groups.count == size)
    #expect(book.owner.isMe)
  }

  @Test func `an exact book is served as it is`() async throws {
    try await withWorkingSession(.gows) { server, client in
      let form = #"""
        {"groups":[{"id":"1@g.us","name":null},{"id":"2@g.us","name":"a\"b"}],
         "contacts":[{"id":"15@c.us","name":"Zoë","isMe":true},{"id":"16@c.us","isBlocked":true}]}
        """#
      #expect(try await client.put("/simulator/address-book", form).status == 200)
      let groups = try await client.get("/api/s/groups").json.items
      #expect(groups?.map { $0["Name"]?.text } == ["", "a\"b"])
      let truth = try await client.get("/simulator/address-book").json
      #expect(
        truth["groups"] == [
          ["id": "1@g.us", "name": .null], ["id": "2@g.us", "name": "a\"b"],
        ])
      #expect(truth["contacts"]?.items?.map { $0["kind"]?.text } == ["me", "blocked"])
      #expect(server.truth().owner.id == "15@c.us")
      #expect(try await client.put("/simulator/address-book", #"{"groups":3}"#).status == 200)
      #expect(try await client.get("/api/s/groups/count").json["count"] == 3)
      #expect(try await client.put("/simulator/address-book", #"{"groups":"x"}"#).status == 400)
    }
  }

  @Test func `a big book is written once and read in pages`() async throws {
    let plan = AddressBookPlan(groups: 5, contacts: 1_500)
    try await withWorkingSession(.webjs, addressBook: plan) { server, client in
      let whole = try await client.get("/api/contacts/all?session=s")
      #expect(try whole.json.items?.count == 1_500)
      let last = try await client.get("/api/contacts/all?session=s&limit=10&offset=1499").json
      #expect(last.items?.map { $0["id"]?.text } == [server.truth().contacts.last?.id])
    }
  }
}
