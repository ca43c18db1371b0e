/// What a request's headers say about the call (proto-spec.md, section 2), before anyone knows
/// who calls.
package struct CallHead: Sendable, Equatable {
  /// The values of the headers, nil where there is none.
  package struct Fields: Sendable {
    package var method: String?
    package var path: String?
    package var contentType: String?
    package var contentEncoding: String?
    package var connectContentEncoding: String?
    package var connectTimeout: String?

    package init() {}

    /// Takes a header, by its name in lower case. Of one that comes more than once the first
    /// counts.
    package mutating func add(_ name: String, _ value: String) {
      switch name {
      case ":method": Self.set(&self.method, value)
      case ":path": Self.set(&self.path, value)
      case "content-type": Self.set(&self.contentType, value)
      case "content-encoding": Self.set(&self.contentEncoding, value)
      case "connect-content-encoding": Self.set(&self.connectContentEncoding, value)
      case "connect-timeout-ms": Self.set(&self.connectTimeout, value)
      default: break
      }
    }

    private static func set(_ field: inout String?, _ value: String) {
      guard field == nil else { return }
      // No value that means something has other characters, and to compare those can cost the
      // square of their number.
      field = value.utf8.allSatisfy { $0 < 0x80 } ? value : "?"
    }
  }

  /// A request that is answered at once, in the encoding that it can be expected to read.
  package struct Refusal: Error {
    package var error: UserAPIError
    package var contentType: ContentType
    /// Headers to add: a name, a value.
    package var header: (name: String, value: String)?
  }

  package var procedure: Procedure
  package var contentType: ContentType
  /// What `connect-timeout-ms` allows; nil when the caller set no bound.
  package var timeout: Duration?

  /// Checks in the order that proto-spec.md, section 5, gives.
  package static func read(_ fields: Fields) -> Result<CallHead, Refusal> {
    let procedure = fields.path.flatMap(Procedure.init(path:))
    if procedure != nil, fields.method != "POST" {
      return .failure(
        Refusal(
          error: UserAPIError(.methodNotAllowed, "a procedure is called with POST"),
          contentType: .json, header: ("allow", "POST")))
    }
    // What a bare body says in one value, a stream has no end for.
    let allowed = ContentType.allCases.filter { $0.isFramed || procedure?.isStreaming != true }
    guard let contentType = fields.contentType.flatMap(ContentType.init(header:)),
      allowed.contains(contentType)
    else {
      let names = allowed.map(\.rawValue).joined(separator: ", ")
      return .failure(
        Refusal(
          error: UserAPIError(
            .unsupportedContentType, "the content type must be one of " + names),
          contentType: .json, header: ("accept-post", names)))
    }
    func refuse(_ reason: ErrorReason, _ message: String) -> Result<CallHead, Refusal> {
      .failure(Refusal(error: UserAPIError(reason, message), contentType: contentType))
    }
    guard let procedure else {
      return refuse(.unknownProcedure, "there is no such procedure")
    }
    for encoding in [fields.contentEncoding, fields.connectContentEncoding] {
      if let encoding, encoding != "identity" {
        return refuse(.compressionUnsupported, "compressed requests are not supported")
      }
    }
    guard let timeout = fields.connectTimeout else {
      return .success(CallHead(procedure: procedure, contentType: contentType))
    }
    guard (1...10).contains(timeout.utf8.count),
      timeout.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let milliseconds = Int64(timeout)
    else {
      return refuse(.invalidTimeout, "connect-timeout-ms must be 1 to 10 digits")
    }
    return .success(
      CallHead(
        procedure: procedure, contentType: contentType, timeout: .milliseconds(milliseconds)))
  }
}
