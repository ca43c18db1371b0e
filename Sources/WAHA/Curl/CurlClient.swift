internal import CCurl
internal import Foundation

/// HTTP over libcurl's multi interface, on a thread of its own that owns every handle. The thread
/// ends with the client.
package final class CurlClient: Sendable {
  struct Configuration: Sendable {
    /// The most connections to one host. More requests wait for one. Default: 64.
    var maxConnections = 64

    static let defaults = Self()
  }

  /// libcurl's handle, of which any thread may do one thing: wake it (`curl_multi_wakeup`).
  private struct Multi: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer
  }

  private let multi: Multi
  private let mailbox = CurlMailbox()

  package convenience init() {
    self.init(configuration: .defaults)
  }

  init(configuration: Configuration) {
    curl_global_init(Int(CURL_GLOBAL_ALL))
    guard let handle = curl_multi_init() else { preconditionFailure("curl_multi_init") }
    _ = ccurl_multi_set_long(
      handle, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.maxConnections)
    _ = ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, configuration.maxConnections)
    self.multi = Multi(handle: handle)
    let thread = Thread { [multi = self.multi, mailbox = self.mailbox] in
      var loop = CurlLoop(multi: multi.handle, mailbox: mailbox)
      loop.run()
    }
    thread.name = "curl"
    thread.start()
  }

  deinit {
    // The thread frees the handle as soon as it is told to stop, so it is woken before that.
    self.mailbox.post(.stop) { curl_multi_wakeup(self.multi.handle) }
  }

  /// Sends the request and waits for the whole response, of whatever status.
  ///
  /// - Throws: ``CurlError``; `cancelled` as soon as the task is.
  func perform(_ request: CurlRequest) async throws(CurlError) -> CurlResponse {
    let id = self.mailbox.makeID()
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        self.mailbox.post(id, request, waiter)
        curl_multi_wakeup(self.multi.handle)
        // A cancellation that came before the request was posted has found nothing.
        if Task.isCancelled { self.cancel(id) }
      }
    } onCancel: {
      self.cancel(id)
    }
    return try outcome.get()
  }

  /// Fetches what is at a URL, and follows no redirect.
  ///
  /// - Parameters:
  ///   - type: What `accept` says.
  ///   - timeout: How long the whole exchange may take.
  ///   - maxSize: The longest body to take, in bytes.
  /// - Throws: As ``perform(_:)``.
  package func get(
    _ url: HTTPURL, accept type: String, timeout: Duration, maxSize: Int
  ) async throws(CurlError) -> CurlResponse {
    try await self.perform(
      CurlRequest(
        method: .get, url: url.text, headers: ["accept: \(type)"], body: nil, timeout: timeout,
        maxResponseSize: maxSize))
  }

  private func cancel(_ id: UInt64) {
    self.mailbox.post(.cancel(id))
    curl_multi_wakeup(self.multi.handle)
  }
}
