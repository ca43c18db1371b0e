internal import Crypto
internal import FoundationEssentials
internal import JWTKit
internal import UserAPI

/// A key that verifies tokens, for one algorithm. Prints as its algorithm alone.
struct JWTKey: Sendable {
  /// What tells two keys apart.
  struct Identity: Hashable {
    /// UTF-8; nil for a key without.
    let id: [UInt8]?
    let algorithm: SignatureAlgorithm
    /// Of what the key is made of.
    let digest: [UInt8]
  }

  /// The longest id that a key may have, in bytes.
  static let maximumIDSize = 256
  /// The longest member that a key may have, in bytes; the modulus of 8,192 bits has 1,366.
  private static let maximumMemberSize = 2_048
  private static let modulusBits = 2_048...8_192

  private struct Unusable: Error {}

  let identity: Identity
  private let verifier: any JWTAlgorithm

  /// Whether whoever has the key signed these bytes.
  func isSignature(_ signature: [UInt8], of bytes: ArraySlice<UInt8>) -> Bool {
    // An error says that it is no signature at all, such as one of a wrong length.
    (try? self.verifier.verify(signature, signs: bytes)) == true
  }

  /// Reads one key of a set (RFC 7517, section 4). What is private of it is not looked at.
  ///
  /// - Throws: When it is for something else, not understood, too weak, or makes no sense.
  init(_ jwk: JSONObject, acceptsSymmetric: Bool) async throws {
    func text(_ name: String) throws(UserAPIError) -> String? {
      try jwk.optionalString(name, maximumLength: Self.maximumMemberSize)
    }
    if let use = try text("use"), use != "sig" { throw Unusable() }
    switch jwk["key_ops"] {
    case nil: break
    case .array(let operations) where operations.contains(.string("verify")): break
    case .some: throw Unusable()
    }
    let id = try jwk.optionalString("kid", maximumLength: Self.maximumIDSize)
    // Alone in a collection that goes at once: what the collection would choose by is in the
    // token, and thus in the hands of whoever made it up.
    let collection = JWTKeyCollection()
    let algorithm: SignatureAlgorithm
    let material: [UInt8]
    switch try text("kty") {
    case "RSA":
      let (n, e) = (try jwk.string("n"), try jwk.string("e"))
      algorithm = .rs256
      material = try Self.rsa(n, e)
      await collection.add(
        rsa: try Insecure.RSA.PublicKey(modulus: n, exponent: e), digestAlgorithm: .sha256)
    case "EC" where try text("crv") == "P-256":
      let (x, y) = (try jwk.string("x"), try jwk.string("y"))
      algorithm = .es256
      material = try Self.bytes(x, count: 32) + Self.bytes(y, count: 32)
      await collection.add(ecdsa: try ES256PublicKey(parameters: (x: x, y: y)))
    case "OKP" where try text("crv") == "Ed25519":
      let x = try jwk.string("x")
      algorithm = .edDSA
      material = try Self.bytes(x, count: 32)
      await collection.add(eddsa: try EdDSA.PublicKey(x: x, curve: .ed25519))
    case "oct" where acceptsSymmetric:
      algorithm = .hs256
      material = try Self.bytes(try jwk.string("k"))
      // RFC 7518, section 3.2: no shorter than the hash.
      guard material.count >= 32 else { throw Unusable() }
      await collection.add(hmac: HMACKey(from: material), digestAlgorithm: .sha256)
    default: throw Unusable()
    }
    if let word = try text("alg"), word != algorithm.rawValue { throw Unusable() }
    self.identity = Identity(
      id: id.map { Array($0.utf8) }, algorithm: algorithm,
      digest: Array(SHA256.hash(data: material)))
    self.verifier = try await collection.getKey()
  }

  private static func bytes(_ text: String, count: Int? = nil) throws -> [UInt8] {
    guard text.utf8.count <= Self.maximumMemberSize, let bytes = Base64URL.decode(text.utf8),
      count == nil || bytes.count == count
    else { throw Unusable() }
    return bytes
  }

  /// - Returns: What makes the key: both numbers.
  /// - Throws: When one of them is not of a size that is taken.
  static func rsa(_ n: String, _ e: String) throws -> [UInt8] {
    // Some write a sign before the number.
    let modulus = try Self.bytes(n).drop { $0 == 0 }
    let exponent = try Self.bytes(e).drop { $0 == 0 }
    guard let high = modulus.first, let last = exponent.last,
      Self.modulusBits.contains(modulus.count * 8 - high.leadingZeroBitCount),
      // Odd, of at least 3 and at most 32 bits.
      exponent.count <= 4, last % 2 == 1, exponent.count > 1 || last >= 3
    else { throw Unusable() }
    return Array(exponent) + [0] + modulus
  }
}

extension JWTKey: CustomStringConvertible, CustomReflectable {
  var description: String { self.identity.algorithm.rawValue }
  var customMirror: Mirror { Mirror(self, children: []) }
}
