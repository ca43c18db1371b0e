extension AddressBook {
  /// Makes the book that a plan describes: mostly people, and among them everything that a real
  /// list surprises its readers with.
  package static func generated(_ plan: AddressBookPlan) -> AddressBook {
    var random = SplitMix64(seed: plan.seed)
    let groups = (0..<max(0, plan.groups)).map { index in
      Self.group(index, plan: plan, using: &random)
    }
    var contacts: [Contact] = []
    contacts.reserveCapacity(max(0, plan.contacts))
    for index in 0..<max(0, plan.contacts) {
      contacts.append(Self.contact(index, after: contacts, groups: groups, using: &random))
    }
    return AddressBook(groups: groups, contacts: contacts)
  }

  private static func group(
    _ index: Int, plan: AddressBookPlan, using random: inout SplitMix64
  ) -> Group {
    let created = 1_500_000_000 + Int(random.next() % 260_000_000)
    let isOldStyle = index % 7 == 3
    let id =
      isOldStyle
      ? "\(Self.number(index, using: &random))-\(created)@g.us"
      : "120363\(String(100_000_000_000 + random.next() % 900_000_000_000))@g.us"
    return Group(
      id: id,
      name: index % 9 == 5 ? nil : NameSource.group(index, using: &random),
      participants: max(0, plan.participants),
      created: created,
      lastActive: 1_765_000_000 + Int(random.next() % 1_000_000))
  }

  private static func contact(
    _ index: Int, after contacts: [Contact], groups: [Group], using random: inout SplitMix64
  ) -> Contact {
    let name = NameSource.person(index, using: &random)
    switch index {
    case 3:
      return Contact(
        id: "\(Self.number(index, using: &random))@c.us", name: "Me", pushname: "Me Myself",
        lid: "\(Self.lid(using: &random))@lid", isMe: true)
    case 7: return Contact(id: "0@c.us", isWAContact: false)
    case 11: return Contact(id: "status@broadcast", name: "Status")
    case 13: return Contact(id: "120363\(Self.lid(using: &random))@newsletter", name: name)
    case _ where index % 50 == 45:
      // Known by LID alone.
      return Contact(id: "\(Self.lid(using: &random))@lid", pushname: name)
    case _ where index % 10 == 5:
      // The person before last once more, under the LID.
      return Self.twin(of: contacts, named: name, using: &random)
    case _ where index % 25 == 19 && index / 25 < groups.count:
      let group = groups[index / 25]
      return Contact(id: group.id, name: group.name)
    case _:
      return Self.person(index, named: name, using: &random)
    }
  }

  private static func twin(
    of contacts: [Contact], named name: String, using random: inout SplitMix64
  ) -> Contact {
    guard let person = contacts.last(where: { $0.kind == .person && $0.lid != nil }),
      let lid = person.lid
    else { return Contact(id: "\(Self.lid(using: &random))@lid", pushname: name) }
    return Contact(
      id: lid, name: person.name, pushname: person.pushname, shortName: person.shortName)
  }

  private static func person(
    _ index: Int, named name: String, using random: inout SplitMix64
  ) -> Contact {
    var contact = Contact(
      id: "\(Self.number(index, using: &random))@c.us",
      lid: index % 6 == 0 ? nil : "\(Self.lid(using: &random))@lid",
      isBlocked: index % 20 == 8,
      isWAContact: index % 25 != 16)
    switch index % 12 {
    case 0: break  // No name at all.
    case 2: contact.pushname = name
    case 4: contact.name = ""
    case 6:
      contact.verifiedName = name + " GmbH"
      contact.pushname = name
    case 9: contact.name = name
    case _:
      contact.name = name
      contact.pushname = name.prefix { $0 != " " } + " ~"
      contact.shortName = String(name.prefix { $0 != " " })
    }
    return contact
  }

  /// A different number for every index below ten million.
  private static func number(_ index: Int, using random: inout SplitMix64) -> String {
    let prefix = random.pick(["1555", "49155", "44770", "91980", "97150", "7916", "55119"])
    let digits = String((index * 9_973 + 1_234_567) % 10_000_000)
    return prefix + String(repeating: "0", count: 7 - digits.count) + digits
  }

  private static func lid(using random: inout SplitMix64) -> String {
    String(200_000_000_000_000 + random.next() % 90_000_000_000_000)
  }
}
