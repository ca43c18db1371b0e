extension Fault: Decodable {
  private enum Key: String, CodingKey {
    case method, path, count, latencyMs, status, body, contentType, exception, truncateAfterBytes
    case dropConnection, hang, redirect, retryAfter
  }

  /// Reads the control call's form. When it names several answers, the first of drop, hang,
  /// redirect, exception and status holds.
  package init(from decoder: any Decoder) throws {
    let form = try decoder.container(keyedBy: Key.self)
    self.init(
      try Self.answer(form),
      method: try form.decodeIfPresent(String.self, forKey: .method),
      path: try form.decodeIfPresent(String.self, forKey: .path),
      count: try form.decodeIfPresent(Int.self, forKey: .count),
      latency: .milliseconds(try form.decodeIfPresent(Int.self, forKey: .latencyMs) ?? 0),
      truncateAfter: try form.decodeIfPresent(Int.self, forKey: .truncateAfterBytes))
  }

  private static func answer(_ form: KeyedDecodingContainer<Key>) throws -> Answer {
    if try form.decodeIfPresent(Bool.self, forKey: .dropConnection) == true { return .drop }
    if try form.decodeIfPresent(Bool.self, forKey: .hang) == true { return .hang }
    if let location = try form.decodeIfPresent(String.self, forKey: .redirect) {
      return .redirect(location)
    }
    if let exception = try form.decodeIfPresent(ServerException.self, forKey: .exception) {
      return .exception(exception)
    }
    let status = try form.decodeIfPresent(Int.self, forKey: .status)
    let body = try form.decodeIfPresent(String.self, forKey: .body)
    let contentType = try form.decodeIfPresent(String.self, forKey: .contentType)
    let retryAfter = try form.decodeIfPresent(String.self, forKey: .retryAfter)
    guard status != nil || body != nil else { return .real }
    return .status(
      status ?? 200, body: body, contentType: contentType, retryAfter: retryAfter)
  }
}
