internal import UserAPI

/// The user for whom calls are made, as the header `user-api-act-as` names one.
struct ActAs: Sendable, Equatable {
  let user: String

  /// - Throws: `INVALID_ACT_AS` when nobody can have that id. All others are legal in a header, which
  ///   is UTF-8 there.
  init(_ user: String) throws(UserAPIError) {
    guard UserName.isValid(user) else {
      throw UserAPIError(
        .invalidActAs,
        "actAs: a user's id has 1 to 255 bytes and no spaces or control characters")
    }
    self.user = user
  }
}
