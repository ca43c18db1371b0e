extension UserAPIError {
  /// The HTTP status of the error. The reason's own, unless the code was chosen apart from it.
  package var httpStatus: Int {
    self.code == self.reason.code ? self.reason.httpStatus : self.code.httpStatus
  }

  package func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("code", self.code.rawValue)
      writer.member("message", self.message)
      writer.key("data")
      writer.object { writer in
        writer.member("reason", self.reason.rawValue)
        writer.member("trpcCode", self.trpcCode)
        writer.member("retryAfterMs", self.retryAfter.map(\.wholeMilliseconds))
        writer.member("requestId", self.requestID)
      }
    }
  }

  /// Reads an error as a server sent it; what is missing is made up for, so that an error stays
  /// one.
  package init(object: JSONObject) {
    func string(_ value: JSONValue?) -> String? {
      guard case .string(let string) = value else { return nil }
      return string
    }
    var data = JSONObject()
    if case .object(let object) = object["data"] { data = object }
    let reason = string(data["reason"]).map(ErrorReason.init(rawValue:))
    var retryAfter: Duration?
    if case .integer(let milliseconds) = data["retryAfterMs"] {
      retryAfter = .milliseconds(milliseconds)
    }
    self.init(
      reason ?? .invalidResponse, string(object["message"]) ?? "the server gave no message",
      code: string(object["code"]).map(ErrorCode.init(rawValue:)) ?? .unknown,
      retryAfter: retryAfter)
    self.requestID = string(data["requestId"])
  }
}

extension UserAPIError: Equatable {
  /// Whether both are the same on the wire, but for the call that they end.
  public static func == (left: Self, right: Self) -> Bool {
    left.code == right.code && left.reason == right.reason && left.message == right.message
      && left.retryAfter == right.retryAfter
  }
}

extension Duration {
  /// Rounded up, so that nobody retries too early.
  package var wholeMilliseconds: Int {
    let (seconds, attoseconds) = self.components
    return Int(seconds) * 1_000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
