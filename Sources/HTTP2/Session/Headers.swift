/// A header or trailer block, in the order of the wire. Names are lower-case (RFC 9113,
/// section 8.2); pseudo-headers such as `:path` come first.
package struct Headers: Sendable, Equatable {
  package struct Field: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package private(set) var fields: [Field]
  /// Whether the peer sent more than the limits allow, which is not in here.
  package private(set) var isTruncated = false

  package init(_ fields: [Field] = []) {
    self.fields = fields
  }

  package mutating func append(_ name: String, _ value: String) {
    self.append(Field(name: name, value: value))
  }

  mutating func append(_ field: Field) {
    if self.fields.isEmpty { self.fields.reserveCapacity(8) }
    self.fields.append(field)
  }

  /// Whether both are one and the same, which takes no look at the fields. False says nothing: others
  /// may be equal, too.
  package func isIdentical(to other: Headers) -> Bool {
    self.isTruncated == other.isTruncated && self.fields.count == other.fields.count
      && self.fields.withUnsafeBufferPointer { own in
        other.fields.withUnsafeBufferPointer { own.baseAddress == $0.baseAddress }
      }
  }

  mutating func truncate() {
    self.isTruncated = true
  }

  /// The value of the first field of that name, which must be given in lower case.
  package subscript(name: String) -> String? {
    for field in self.fields where field.name == name {
      return field.value
    }
    return nil
  }
}

extension Headers: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, String)...) {
    self.init(elements.map { Field(name: $0.0, value: $0.1) })
  }
}
