internal import UserAPI

/// The keys of one document.
package struct JWTKeySet: Sendable {
  /// What a token's key is found to be.
  enum Match {
    case key(JWTKey)
    /// There is no key of that id: perhaps it is new.
    case unknownID
    /// There is none for this algorithm, or none that alone could be meant.
    case none
  }

  /// How long a document may be, in bytes.
  package static let maximumSize = 256 << 10
  /// How many keys are taken; more are skipped.
  package static let maximumKeys = 64

  private let keys: [JWTKey]
  /// How many keys of the document are of no use here, make no sense, or stand there before.
  package let skipped: Int

  package var count: Int { self.keys.count }

  /// Reads a document.
  ///
  /// - Parameters:
  ///   - acceptsSymmetric: Whether keys that also sign are taken. Only where the document is a
  ///     secret.
  ///   - mayBeEmpty: Whether a set without any key is one, by which all that there were are taken
  ///     back.
  /// - Throws: When it is no set of keys, or has none that can be used.
  package init(
    document: [UInt8], acceptsSymmetric: Bool, mayBeEmpty: Bool = false
  ) async throws(JWTKeySetError) {
    guard document.count <= Self.maximumSize else {
      throw JWTKeySetError("it has more than \(Self.maximumSize >> 10) KiB")
    }
    let elements: [JSONValue]
    do throws(UserAPIError) {
      guard case .array(let array)? = try JSONReader.readObject(document)["keys"] else {
        throw UserAPIError(.invalidField, "keys: must be an array")
      }
      elements = array
    } catch {
      throw JWTKeySetError("it is no JSON Web Key Set")
    }
    var keys: [JWTKey] = []
    for case .object(let jwk) in elements where keys.count < Self.maximumKeys {
      guard let key = try? await JWTKey(jwk, acceptsSymmetric: acceptsSymmetric),
        !keys.contains(where: { $0.identity == key.identity })
      else { continue }
      keys.append(key)
    }
    // Of several of one id for one algorithm nobody could say which is meant.
    let found = keys
    keys.removeAll { key in
      key.identity.id != nil
        && found.count {
          $0.identity.id == key.identity.id && $0.identity.algorithm == key.identity.algorithm
        } > 1
    }
    guard !keys.isEmpty || elements.isEmpty && mayBeEmpty else {
      throw JWTKeySetError("it has no key that can be used")
    }
    self.keys = keys
    self.skipped = elements.count - keys.count
  }

  /// The key for a token whose header says this.
  ///
  /// - Parameter id: UTF-8; nil when the header names none, and then there has to be but one key
  ///   for the algorithm.
  func key(id: [UInt8]?, algorithm: SignatureAlgorithm) -> Match {
    let candidates: [JWTKey]
    if let id {
      candidates = self.keys.filter { $0.identity.id == id }
      if candidates.isEmpty { return .unknownID }
    } else {
      candidates = self.keys
    }
    let fitting = candidates.filter { $0.identity.algorithm == algorithm }
    guard fitting.count == 1, let key = fitting.first else { return .none }
    return .key(key)
  }

  /// What tells its keys apart from others.
  var identities: Set<JWTKey.Identity> { Set(self.keys.map(\.identity)) }
}
