/// A JSON value as it came, for the few small fields of a request or a reply.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number without fraction or exponent that fits.
  case integer(Int)
  /// Any other number.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

/// The members of a JSON object in the order of the text. Of two with the same key the last
/// counts.
package struct JSONObject: Sendable, Equatable {
  package struct Member: Sendable, Equatable {
    package var key: String
    package var value: JSONValue
  }

  package var members: [Member]

  package init(members: [Member] = []) {
    self.members = members
  }

  package subscript(key: String) -> JSONValue? {
    self.members.last { $0.key.hasSameBytes(as: key) }?.value
  }
}

// MARK: - Typed access

extension JSONObject {
  /// - Throws: `INVALID_FIELD`, naming the field, when it is missing or no string.
  package func string(_ key: String) throws(UserAPIError) -> String {
    guard let value = try self.optionalString(key) else {
      throw UserAPIError(.invalidField, "\(key): is required")
    }
    return value
  }

  package func optionalString(
    _ key: String, maximumLength: Int = .max
  ) throws(UserAPIError) -> String? {
    switch self[key] {
    case .string(let value):
      guard value.utf8.count <= maximumLength else {
        throw UserAPIError(.invalidField, "\(key): must be at most \(maximumLength) bytes")
      }
      return value
    case nil, .null: return nil
    case .bool, .integer, .number, .array, .object:
      throw UserAPIError(.invalidField, "\(key): must be a string")
    }
  }

  /// - Throws: `INVALID_FIELD`, naming the field, when it is there and no integer of at least
  ///   `minimum`.
  package func optionalInteger(_ key: String, minimum: Int) throws(UserAPIError) -> Int? {
    let integer: Int
    switch self[key] {
    case .integer(let value): integer = value
    case nil, .null: return nil
    case .number(let value) where value >= Double(minimum) && value == value.rounded():
      // 1.0 and 1e3 are integers in JSON too, and one too large for Int is still only large.
      integer = Int(exactly: value) ?? .max
    case .number, .bool, .string, .array, .object:
      throw UserAPIError(.invalidField, "\(key): must be an integer of at least \(minimum)")
    }
    guard integer >= minimum else {
      throw UserAPIError(.invalidField, "\(key): must be an integer of at least \(minimum)")
    }
    return integer
  }

  /// - Throws: `INVALID_FIELD` when it is missing or no boolean.
  package func bool(_ key: String) throws(UserAPIError) -> Bool {
    guard case .bool(let value) = self[key] else {
      throw UserAPIError(.invalidField, "\(key): must be a boolean")
    }
    return value
  }

  /// - Throws: `INVALID_FIELD` when it is there and no boolean.
  package func optionalBool(_ key: String) throws(UserAPIError) -> Bool? {
    switch self[key] {
    case nil, .null: nil
    case .some: try self.bool(key)
    }
  }

  /// - Throws: `INVALID_FIELD` when it is missing or no array of objects.
  package func objects(_ key: String) throws(UserAPIError) -> [JSONObject] {
    guard case .array(let values) = self[key] else {
      throw UserAPIError(.invalidField, "\(key): must be an array")
    }
    var objects: [JSONObject] = []
    objects.reserveCapacity(values.count)
    for value in values {
      guard case .object(let object) = value else {
        throw UserAPIError(.invalidField, "\(key): must be an array of objects")
      }
      objects.append(object)
    }
    return objects
  }
}
