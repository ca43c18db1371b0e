import AuthService
import SessionService
import UserAPI

let noon = Timestamp(millisecondsSinceEpoch: 1_769_860_800_000)
let later = Timestamp(millisecondsSinceEpoch: 1_769_860_800_123)

func makeSession(_ userID: String, id: String? = nil, name: String? = nil) -> SessionRecord {
  SessionRecord(
    id: id ?? "id-" + userID, name: name ?? "s_" + userID, userID: userID, isConnected: false,
    createdAt: noon, updatedAt: noon)
}

func makeToken(
  _ id: String, seed: UInt8, role: Role = .user, scopes: Scopes? = nil,
  createdAt: Timestamp = noon, expiresAt: Timestamp? = nil, lastUsedAt: Timestamp? = nil
) -> IssuedToken {
  guard let digest = TokenDigest(bytes: Array(repeating: seed, count: 32)) else {
    preconditionFailure("a digest has 32 bytes")
  }
  return IssuedToken(
    id: id, digest: digest, userID: "user-1", role: role, scopes: scopes,
    createdAt: createdAt, expiresAt: expiresAt, lastUsedAt: lastUsedAt)
}
