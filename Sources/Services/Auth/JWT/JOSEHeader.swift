internal import UserAPI

/// What a token says of its signature (RFC 7515, section 4), before anything of it is believed.
struct JOSEHeader {
  let algorithm: SignatureAlgorithm
  let keyID: String?

  /// Nil when it makes no sense, or asks for what is not there: other algorithms, and whatever
  /// `crit` says has to be understood. Keys that it brings along are not looked at.
  init?(_ json: [UInt8]) {
    guard let object = JSONObject(unambiguous: json), case .string(let word)? = object["alg"],
      let algorithm = SignatureAlgorithm(word: word), object["crit"] == nil
    else { return nil }
    self.algorithm = algorithm
    switch object["kid"] {
    case nil: self.keyID = nil
    case .string(let id): self.keyID = id
    default: return nil
    }
  }
}

extension JSONObject {
  /// Reads an object that is unambiguous; nil for anything else (RFC 7515, section 4; RFC 7519,
  /// section 4).
  init?(unambiguous json: [UInt8]) {
    guard let object = try? JSONReader.readObject(json), object.isUnambiguous else { return nil }
    self = object
  }

  /// Whether it says nothing twice. What its members hold is not looked at.
  var isUnambiguous: Bool {
    Set(self.members.map { Array($0.key.utf8) }).count == self.members.count
  }
}
