/// The output of `getWhatsAppGroups`.
public typealias GroupPage = DirectoryPage<GroupItem>

/// The output of `getWhatsAppContacts`.
public typealias ContactPage = DirectoryPage<ContactItem>

/// A page of a list: of what was found in one ``snapshot`` of it.
public struct DirectoryPage<Item: Sendable & Equatable>: Sendable, Equatable {
  /// The items of this page, in the list's order.
  public var items: [Item]
  /// The cursor of the next page; nil after the last.
  public var nextCursor: Int?
  /// How many items the filtered list has.
  public var total: Int?
  /// The snapshot that the page is of. Given with the next request, it keeps the walk on the same
  /// list.
  public var snapshot: String?
  /// When the list was read from WAHA.
  public var asOf: Timestamp?
  /// Why the list may not be what WAHA has now; nil when nothing is known against it.
  public var warning: DirectoryWarning?

  /// Made of its parts.
  public init(
    items: [Item], nextCursor: Int? = nil, total: Int? = nil, snapshot: String? = nil,
    asOf: Timestamp? = nil, warning: DirectoryWarning? = nil
  ) {
    self.items = items
    self.nextCursor = nextCursor
    self.total = total
    self.snapshot = snapshot
    self.asOf = asOf
    self.warning = warning
  }
}

/// Why a list may not be what WAHA has now, as a stable word (proto-spec.md, section 7.8). Open, so
/// that an old client survives a newer server.
public struct DirectoryWarning: RawRepresentable, Hashable, Sendable {
  /// The word on the wire.
  public let rawValue: String

  /// Takes any word; only those below mean something to this version.
  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  /// WAHA's last answer was empty or much smaller; the list is the one before, until a second answer
  /// says the same.
  public static let listShrank = Self(rawValue: "LIST_SHRANK")
  /// WAHA's only answer so far was empty, and has not been confirmed by a second.
  public static let listEmpty = Self(rawValue: "LIST_EMPTY")
  /// WAHA could not be asked for a newer list.
  public static let refreshFailed = Self(rawValue: "REFRESH_FAILED")
}

/// A group.
public struct GroupItem: Sendable, Equatable {
  /// WhatsApp's id, such as `120363000000000000@g.us`.
  public var groupId: String
  /// The subject; empty when WAHA does not know it.
  public var groupName: String

  /// Made of its parts.
  public init(groupId: String, groupName: String) {
    self.groupId = groupId
    self.groupName = groupName
  }
}

/// A person. The names of the fields are those of a group's item, so that callers can treat both
/// alike.
public struct ContactItem: Sendable, Equatable {
  /// WhatsApp's id, such as `15550000000@c.us`.
  public var groupId: String
  /// The person's name; the number when there is none.
  public var groupName: String
  /// The phone number, digits only; nil when WhatsApp hides it.
  public var number: String?

  /// Made of its parts.
  public init(groupId: String, groupName: String, number: String?) {
    self.groupId = groupId
    self.groupName = groupName
    self.number = number
  }
}

/// A person's name and number are theirs: an item prints as `<redacted>`.
extension ContactItem: CustomStringConvertible, CustomReflectable {
  /// Nothing of the value.
  public var description: String { "<redacted>" }
  /// Shows no more than `description` does.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
