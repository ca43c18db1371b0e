internal import CCurl

/// One exchange on libcurl's thread: an easy handle, what it points to, and what has come.
final class CurlTransfer {
  let id: UInt64
  let handle: UnsafeMutableRawPointer
  private let headers: UnsafeMutablePointer<curl_slist>?
  /// Kept here because libcurl points to it for as long as the exchange lasts.
  private let body: UnsafeMutableBufferPointer<UInt8>?
  private let maxResponseSize: Int
  private var received: [UInt8] = []
  private var isTooLarge = false

  init(id: UInt64, handle: UnsafeMutableRawPointer, request: CurlRequest) {
    self.id = id
    self.handle = handle
    self.maxResponseSize = request.maxResponseSize
    self.headers = request.headers.reduce(nil) { curl_slist_append($0, $1) }
    self.body = request.body.map { bytes in
      let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(bytes.count, 1))
      _ = copy.initialize(from: bytes)
      return UnsafeMutableBufferPointer(rebasing: copy.prefix(bytes.count))
    }
    self.configure(request)
  }

  deinit {
    curl_slist_free_all(self.headers)
    self.body?.baseAddress?.deallocate()
  }

  private func configure(_ request: CurlRequest) {
    _ = ccurl_set_pointer(
      self.handle, CURLOPT_PRIVATE, Unmanaged.passUnretained(self).toOpaque())
    _ = ccurl_set_string(self.handle, CURLOPT_URL, request.url)
    _ = ccurl_set_string(self.handle, CURLOPT_PROTOCOLS_STR, "http,https")
    _ = ccurl_set_long(self.handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    _ = ccurl_set_long(self.handle, CURLOPT_FOLLOWLOCATION, 0)
    _ = ccurl_set_long(self.handle, CURLOPT_NOSIGNAL, 1)
    // A proxy from the environment would see the key.
    _ = ccurl_set_string(self.handle, CURLOPT_PROXY, "")
    _ = ccurl_set_long(self.handle, CURLOPT_TIMEOUT_MS, max(1, request.timeout.milliseconds))
    // WAHA closes an idle connection after 5 s; one that old is not worth the race.
    _ = ccurl_set_long(self.handle, CURLOPT_MAXAGE_CONN, 4)
    _ = ccurl_set_string(self.handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    _ = ccurl_set_list(self.handle, CURLOPT_HTTPHEADER, self.headers)
    if let body {
      _ = ccurl_set_long(self.handle, CURLOPT_POSTFIELDSIZE, body.count)
      _ = ccurl_set_pointer(self.handle, CURLOPT_POSTFIELDS, body.baseAddress)
    }
    _ = ccurl_set_pointer(
      self.handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(self).toOpaque())
    _ = ccurl_set_write_function(self.handle, CURLOPT_WRITEFUNCTION) { data, size, count, context in
      guard let data, let context else { return 0 }
      let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.receive(UnsafeRawBufferPointer(start: data, count: size * count))
    }
  }

  /// - Returns: how many bytes were taken; fewer than came ends the exchange.
  private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
    var announced = 0
    if self.received.isEmpty {
      _ = ccurl_get_offset(self.handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced)
    }
    guard max(self.received.count + bytes.count, announced) <= self.maxResponseSize else {
      self.isTooLarge = true
      return 0
    }
    // Growing by doubling would take up to three times as much meanwhile.
    if announced > 0 { self.received.reserveCapacity(announced) }
    self.received.append(contentsOf: bytes)
    return bytes.count
  }

  /// Keeps nothing of it: whoever has read a long list does not want it twice.
  private func takeReceived() -> [UInt8] {
    defer { self.received = [] }
    return self.received
  }

  func outcome(_ code: CURLcode) -> Result<CurlResponse, CurlError> {
    switch code {
    case CURLE_OK:
      var status = 0
      _ = ccurl_get_long(self.handle, CURLINFO_RESPONSE_CODE, &status)
      var seconds = 0
      _ = ccurl_get_offset(self.handle, CURLINFO_RETRY_AFTER, &seconds)
      return .success(
        CurlResponse(
          status: status, body: self.takeReceived(),
          retryAfter: seconds > 0 ? .seconds(seconds) : nil))
    case CURLE_OPERATION_TIMEDOUT: return .failure(.timedOut)
    case CURLE_WRITE_ERROR where self.isTooLarge: return .failure(.tooLarge)
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING,
      CURLE_HTTP2:
      return .failure(.malformed)
    default: return .failure(.unreachable)
    }
  }
}

extension Duration {
  fileprivate var milliseconds: Int {
    let (seconds, attoseconds) = self.components
    return Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
  }
}
