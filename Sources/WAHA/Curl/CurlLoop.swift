internal import CCurl

/// The thread that owns libcurl's handles: takes commands, moves bytes, reports outcomes.
struct CurlLoop: ~Copyable {
  /// How many idle easy handles are kept for the next requests.
  private static let spareHandles = 64
  /// How long the thread may sleep when nothing happens, in milliseconds; a command wakes it.
  private static let pollTimeout: Int32 = 60_000

  private let multi: UnsafeMutableRawPointer
  private let mailbox: CurlMailbox
  private var transfers: [UInt64: CurlTransfer] = [:]
  private var spares: [UnsafeMutableRawPointer] = []

  init(multi: UnsafeMutableRawPointer, mailbox: CurlMailbox) {
    self.multi = multi
    self.mailbox = mailbox
  }

  deinit {
    for handle in self.spares { curl_easy_cleanup(handle) }
    curl_multi_cleanup(self.multi)
  }

  /// Runs until it is told to stop; then every request under way fails as cancelled.
  mutating func run() {
    while self.obeyCommands() {
      var running: Int32 = 0
      curl_multi_perform(self.multi, &running)
      self.reportFinished()
      curl_multi_poll(self.multi, nil, 0, Self.pollTimeout, nil)
    }
    for id in Array(self.transfers.keys) { self.end(id, .failure(.cancelled)) }
  }

  private mutating func obeyCommands() -> Bool {
    for command in self.mailbox.takeCommands() {
      switch command {
      case .start(let id, let request): self.start(id, request)
      case .cancel(let id): self.end(id, .failure(.cancelled))
      case .stop: return false
      }
    }
    return true
  }

  private mutating func start(_ id: UInt64, _ request: CurlRequest) {
    guard let handle = self.spares.popLast() ?? curl_easy_init() else {
      preconditionFailure("curl_easy_init: out of memory")
    }
    self.transfers[id] = CurlTransfer(id: id, handle: handle, request: request)
    curl_multi_add_handle(self.multi, handle)
  }

  private mutating func reportFinished() {
    var remaining: Int32 = 0
    while let message = curl_multi_info_read(self.multi, &remaining) {
      guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else {
        continue
      }
      var context: UnsafeMutableRawPointer?
      _ = ccurl_get_private(handle, &context)
      guard let context else { preconditionFailure("a transfer without its context") }
      let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
      self.end(transfer.id, transfer.outcome(ccurl_message_result(message)))
    }
  }

  private mutating func end(_ id: UInt64, _ outcome: CurlMailbox.Outcome) {
    if let transfer = self.transfers.removeValue(forKey: id) {
      curl_multi_remove_handle(self.multi, transfer.handle)
      if self.spares.count < Self.spareHandles {
        curl_easy_reset(transfer.handle)
        self.spares.append(transfer.handle)
      } else {
        curl_easy_cleanup(transfer.handle)
      }
    }
    self.mailbox.resolve(id, outcome)
  }
}
