internal import Crypto
internal import CryptoExtras
internal import Foundation
internal import JWTKit

/// Whoever issues tokens: a private key, made anew for each test run, and JSON written by hand, so
/// that it can be wrong in any way.
///
/// It shares with what it tests nothing but the algorithms of jwt-kit.
package struct JWTSigner: Sendable {
  package let name: String
  /// The public key as a JWK, without braces, id and `alg`.
  package let jwk: String
  private let algorithm: any JWTAlgorithm

  package func signature(of text: String) throws -> [UInt8] {
    try self.algorithm.sign(Array(text.utf8))
  }

  /// A member of a key set.
  package func jwk(id: String?, _ more: String = "") -> String {
    "{\(self.jwk)\(id.map { #","kid":"\#($0)""# } ?? "")\(more.isEmpty ? "" : "," + more)}"
  }

  /// A token of these two texts, whatever they are.
  package func token(header: String, payload: String) throws -> String {
    let signed = Self.base64URL(header.utf8) + "." + Self.base64URL(payload.utf8)
    return signed + "." + Self.base64URL(try self.signature(of: signed))
  }

  /// One whose header is as it should be.
  package func token(id: String? = "key", _ payload: String) throws -> String {
    let kid = id.map { #","kid":"\#($0)""# } ?? ""
    return try self.token(
      header: #"{"alg":"\#(self.name)","typ":"JWT"\#(kid)}"#, payload: payload)
  }

  package static func base64URL(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
      .replacing("=", with: "")
  }

  package static func keySet(_ jwks: String...) -> [UInt8] {
    Self.keySet(jwks)
  }

  package static func keySet(_ jwks: [String]) -> [UInt8] {
    Array(#"{"keys":[\#(jwks.joined(separator: ","))]}"#.utf8)
  }

  private init(
    name: String, jwk: String, _ add: (JWTKeyCollection) async throws -> Void
  ) async throws {
    self.name = name
    self.jwk = jwk
    let collection = JWTKeyCollection()
    try await add(collection)
    self.algorithm = try await collection.getKey()
  }

  /// To make one takes long.
  private static let rsaKey = Result {
    try Insecure.RSA.PrivateKey(backing: _RSA.Signing.PrivateKey(keySize: .bits2048))
  }

  package static func rs256() async throws -> JWTSigner {
    let key = try Self.rsaKey.get()
    let (n, e) = try key.publicKey.getKeyPrimitives()
    return try await JWTSigner(
      name: "RS256",
      jwk: #""kty":"RSA","n":"\#(Self.base64URL(n))","e":"\#(Self.base64URL(e))""#
    ) { await $0.add(rsa: key, digestAlgorithm: .sha256) }
  }

  package static func es256() async throws -> JWTSigner {
    let key = P256.Signing.PrivateKey()
    let point = key.publicKey.rawRepresentation
    return try await JWTSigner(
      name: "ES256",
      jwk: #""kty":"EC","crv":"P-256","x":"\#(Self.base64URL(point.prefix(32)))","#
        + #""y":"\#(Self.base64URL(point.suffix(32)))""#
    ) { await $0.add(ecdsa: try ES256PrivateKey(backing: key)) }
  }

  package static func edDSA() async throws -> JWTSigner {
    let key = Curve25519.Signing.PrivateKey()
    return try await JWTSigner(
      name: "EdDSA",
      jwk: #""kty":"OKP","crv":"Ed25519","x":"\#(Self.base64URL(key.publicKey.rawRepresentation))""#
    ) { await $0.add(eddsa: EdDSA.PrivateKey(backing: key)) }
  }

  package static func hs256(secret: [UInt8] = Array(repeating: 7, count: 32)) async throws
    -> JWTSigner
  {
    try await JWTSigner(
      name: "HS256", jwk: #""kty":"oct","k":"\#(Self.base64URL(secret))""#
    ) { await $0.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256) }
  }

  package static func make(_ name: String) async throws -> JWTSigner {
    switch name {
    case "RS256": try await Self.rs256()
    case "ES256": try await Self.es256()
    case "EdDSA": try await Self.edDSA()
    default: try await Self.hs256()
    }
  }
}
