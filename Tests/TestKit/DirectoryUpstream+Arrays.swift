package import DirectoryService
package import SessionService
package import UserAPI

extension DirectoryUpstream {
  /// Every group, in the order in which they come.
  package func groups(of session: OwnedSession) async throws(UserAPIError) -> [Group] {
    var groups: [Group] = []
    try await self.groups(of: session) { groups.append($0) }
    return groups
  }

  /// Every person, in the order in which they come.
  package func contacts(of session: OwnedSession) async throws(UserAPIError) -> [Contact] {
    var contacts: [Contact] = []
    try await self.contacts(of: session) { contacts.append($0) }
    return contacts
  }
}
