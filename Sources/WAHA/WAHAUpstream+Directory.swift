package import DirectoryService
package import SessionService
package import UserAPI

extension WAHAUpstream: DirectoryUpstream {
  package func groups(
    of session: OwnedSession, _ take: (Group) -> Void
  ) async throws(UserAPIError) {
    let answer = try await self.list(
      .groups, of: session, ["api", try session.wahaName, "groups"],
      // Participants are most of the answer, and servers that do not know the word ignore it.
      query: [("exclude", "participants")])
    let elements: [Lenient<GroupElement>]
    switch answer.body.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) {
    case UInt8(ascii: "["):
      elements = try answer.decode([Lenient<GroupElement>].self)
    case UInt8(ascii: "{"):
      // NOWEB gives an object; its keys say again what each element's id does.
      elements = Array(try answer.decode([String: Lenient<GroupElement>].self).values)
    default:
      throw UserAPIError.nonsense
    }
    GroupElement.normalise(try Self.understood(elements)).forEach(take)
  }

  package func contacts(
    of session: OwnedSession, _ take: (Contact) -> Void
  ) async throws(UserAPIError) {
    // Two engines do not mark the account itself in its own list.
    guard let view = try await self.view(of: session) else { throw Self.missing }
    let answer = try await self.list(
      .contacts, of: session, ["api", "contacts", "all"],
      query: [("session", try session.wahaName)])
    let elements = try answer.decode([Lenient<ContactElement>].self)
    ContactElement.normalise(try Self.understood(elements), me: view.me).forEach(take)
  }

  private func list(
    _ call: WAHACall, of session: OwnedSession, _ path: [String],
    query: [(name: String, value: String)]
  ) async throws(UserAPIError) -> WAHAAnswer {
    let answer = try await self.call(
      call, .get, path, query: query, timeout: self.configuration.listTimeout,
      maxSize: self.configuration.maxListSize)
    if answer.isMissingSession { throw Self.missing }
    if answer.isWrongState {
      throw UserAPIError(
        .sessionNotWorking, "groups and contacts can be read only while the session works")
    }
    if answer.refuses(with: 400, "Enable NOWEB store") {
      throw UserAPIError(
        .contactsNotStored, "WAHA keeps no contacts for this session: it was made without a store")
    }
    return try answer.requireSuccess()
  }

  /// What could be read of a list.
  ///
  /// - Throws: `UPSTREAM_INVALID_RESPONSE` when that is less than half of it: it is then some
  ///   other list than it should be.
  private static func understood<Element>(
    _ elements: [Lenient<Element>]
  ) throws(UserAPIError) -> [Element] {
    let understood = elements.compactMap(\.value)
    guard understood.count * 2 >= elements.count else { throw UserAPIError.nonsense }
    return understood
  }
}
