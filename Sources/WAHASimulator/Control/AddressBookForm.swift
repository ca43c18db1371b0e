/// What a control call says about the address book: how much of it, or all of it.
struct AddressBookForm: Decodable {
  private var plan: AddressBookPlan?
  private var groups: [Group] = []
  private var contacts: [Contact] = []

  var book: AddressBook {
    if let plan { .generated(plan) } else { AddressBook(groups: groups, contacts: contacts) }
  }

  private enum Key: CodingKey {
    case groups, contacts, participants, seed
  }

  init(from decoder: any Decoder) throws {
    let form = try decoder.container(keyedBy: Key.self)
    let groups = try? form.decode([Group].self, forKey: .groups)
    let contacts = try? form.decode([Contact].self, forKey: .contacts)
    if groups != nil || contacts != nil {
      // Named one by one; once more, so that a mistake in the other list is not passed over.
      self.groups = try form.decodeIfPresent([Group].self, forKey: .groups) ?? []
      self.contacts = try form.decodeIfPresent([Contact].self, forKey: .contacts) ?? []
      return
    }
    var plan = AddressBookPlan()
    plan.groups = try form.decodeIfPresent(Int.self, forKey: .groups) ?? plan.groups
    plan.contacts = try form.decodeIfPresent(Int.self, forKey: .contacts) ?? plan.contacts
    plan.participants =
      try form.decodeIfPresent(Int.self, forKey: .participants) ?? plan.participants
    plan.seed = try form.decodeIfPresent(UInt64.self, forKey: .seed) ?? plan.seed
    self.plan = plan
  }
}

extension Group: Decodable {
  private enum Key: CodingKey {
    case id, name, participants
  }

  package init(from decoder: any Decoder) throws {
    let form = try decoder.container(keyedBy: Key.self)
    self.init(
      id: try form.decode(String.self, forKey: .id),
      name: try form.decodeIfPresent(String.self, forKey: .name))
    if let participants = try form.decodeIfPresent(Int.self, forKey: .participants) {
      self.participants = participants
    }
  }
}

extension Contact: Decodable {
  private enum Key: CodingKey {
    case id, name, pushname, shortName, verifiedName, notify, lid, number
    case isNameCut, isBlocked, isMe, isWAContact
  }

  package init(from decoder: any Decoder) throws {
    let form = try decoder.container(keyedBy: Key.self)
    self.init(
      id: try form.decode(String.self, forKey: .id),
      name: try form.decodeIfPresent(String.self, forKey: .name),
      pushname: try form.decodeIfPresent(String.self, forKey: .pushname),
      shortName: try form.decodeIfPresent(String.self, forKey: .shortName),
      verifiedName: try form.decodeIfPresent(String.self, forKey: .verifiedName),
      notify: try form.decodeIfPresent(String.self, forKey: .notify),
      lid: try form.decodeIfPresent(String.self, forKey: .lid),
      number: try form.decodeIfPresent(String.self, forKey: .number),
      isNameCut: try form.decodeIfPresent(Bool.self, forKey: .isNameCut) ?? false,
      isBlocked: try form.decodeIfPresent(Bool.self, forKey: .isBlocked) ?? false,
      isMe: try form.decodeIfPresent(Bool.self, forKey: .isMe) ?? false,
      isWAContact: try form.decodeIfPresent(Bool.self, forKey: .isWAContact) ?? true)
  }
}
