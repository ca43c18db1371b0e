package import UserAPI

extension WAHAUpstream {
  /// The names of all sessions that WAHA has, stopped ones too.
  package func sessionNames() async throws(UserAPIError) -> Set<String> {
    let answer = try await self.call(
      .sessions, .get, ["api", "sessions"], query: [("all", "true")],
      timeout: self.configuration.listTimeout, maxSize: self.maxListSize
    ).requireSuccess()
    var names: Set<String> = []
    var isUnderstood = true
    do throws(UserAPIError) {
      let container = try JSONReader.forEachElement(
        of: answer.body, keys: JSONKeys(["name"])
      ) { value throws(UserAPIError) in
        guard case .object(let session) = value, case .string(let name) = session["name"] else {
          isUnderstood = false
          return
        }
        names.insert(name)
      }
      guard container == .array, isUnderstood else { throw UserAPIError.nonsense }
    } catch {
      throw .nonsense
    }
    return names
  }
}
