internal import NIOCore

extension AddressBook {
  /// The groups as an engine writes them, in the order in which it keeps them.
  func renderedGroups(_ engine: Engine, withParticipants: Bool) -> RenderedList {
    self.cache.list(.groups(engine, withParticipants: withParticipants)) {
      RenderedList(self.groups(orderedFor: engine), frame: engine == .noweb ? .object : .array) {
        group, buffer in
        switch engine {
        case .webjs:
          group.webjs(withParticipants: withParticipants).encode(into: &buffer)
        case .noweb:
          JSON.string(group.id).encode(into: &buffer)
          buffer.writeStaticString(":")
          group.noweb(withParticipants: withParticipants).encode(into: &buffer)
        case .gows:
          group.gows(withParticipants: withParticipants).encode(into: &buffer)
        }
      }
    }
  }

  /// WEBJS keeps chats, the latest message first.
  func groups(orderedFor engine: Engine) -> [Group] {
    switch engine {
    case .webjs:
      self.groups.sorted { ($0.lastActive, $0.id) > ($1.lastActive, $1.id) }
    case .noweb, .gows:
      self.groups
    }
  }

  func renderedContacts(_ engine: Engine) -> RenderedList {
    self.cache.list(.contacts(engine)) {
      RenderedList(self.contacts, frame: .array) { contact, buffer in
        switch engine {
        case .webjs: contact.webjs.encode(into: &buffer)
        case .noweb: contact.noweb.encode(into: &buffer)
        case .gows: contact.gows.encode(into: &buffer)
        }
      }
    }
  }
}
