internal import CNghttp2
internal import DequeModule
internal import NIOCore

/// What libnghttp2's callbacks may touch: they append events here and take bytes from here.
final class SessionState {
  var events = Deque<SessionEvent>()
  var outbound = StreamTable<OutboundBody>()
  /// Bytes of all bodies that the peer's windows have not taken yet.
  private(set) var pendingBytes = 0
  /// Bytes of bodies sent since the beginning.
  private(set) var sentBytes = 0
  var floods: FloodGuard
  /// Whether the peer went so far beyond a limit that nothing more is read.
  var isFlooded = false
  /// When the bytes that are read came.
  var now: NIODeadline = .distantPast

  /// The bytes being read, and where they are, so that a body is a slice of them and no copy.
  var input: ByteBuffer?
  var inputBase: UnsafeRawPointer?

  /// How many times the limits a header block may be large before the connection is ended for it.
  private static let bearableExcess = 4

  private let configuration: SessionConfiguration
  /// The stream whose header block is being read, what of it has come, and its size as the limit
  /// counts it. Apart, so that a field is added in place.
  private var blockID: StreamID?
  private var block = HeaderBlock()
  private var blockSize = 0
  private var blockFields = 0
  /// Requests that were not sent because the connection takes no new streams. Empty but between
  /// two callbacks.
  private var unsent: Set<StreamID> = []
  /// Whether `block` has a `host`, which must agree with its `:authority`.
  private var blockHasHost = false

  /// A server's record of the streams; nil for a client.
  var ledger: StreamLedger?
  /// The stream whose DATA frame is being read, when that is larger than its window.
  var overrunID: StreamID?
  /// The peer's windows before the SETTINGS that are being read.
  var peerWindows: PeerWindows?

  init(configuration: SessionConfiguration, role: Role) {
    self.configuration = configuration
    self.floods = FloodGuard(limits: configuration.floods)
    switch role {
    case .server: self.ledger = StreamLedger()
    case .client: break
    }
  }

  /// - Returns: whether the producer may go on; nil when there is no such body to add to.
  func append(_ bytes: ByteBuffer, to id: StreamID, endStream: Bool) -> Bool? {
    guard let body = self.outbound[id], body.hasHeaders, !body.isEnded else { return nil }
    if body.pending.readableBytes == 0 {
      body.pending = bytes
    } else {
      // What was read is given up before more is added: a body that never runs empty would
      // otherwise grow its storage for as long as it lasts.
      body.pending.discardReadBytes()
      body.pending.writeImmutableBuffer(bytes)
    }
    self.pendingBytes += bytes.readableBytes
    body.isEnded = endStream
    if body.pending.readableBytes >= self.configuration.outboundHighWaterMark {
      body.isStopped = true
    }
    return !body.isStopped
  }

  /// Fills a DATA frame (`nghttp2_data_source_read_callback`).
  private func read(
    _ id: StreamID, into target: UnsafeMutableRawBufferPointer, flags: inout UInt32
  ) -> Int {
    guard let body = self.outbound[id] else {
      return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    }
    let count = min(target.count, body.pending.readableBytes)
    if count > 0 {
      body.pending.readWithUnsafeReadableBytes { source in
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.prefix(count)))
        return count
      }
      self.pendingBytes -= count
      self.sentBytes += count
      self.floods.sentData(count)
    }
    let remaining = body.pending.readableBytes
    if body.isStopped, remaining <= self.configuration.outboundLowWaterMark {
      body.isStopped = false
      if !body.isEnded { self.events.append(.writable(id)) }
    }
    if remaining == 0 {
      body.pending = ByteBuffer()
      if body.isEnded {
        flags |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
      } else if count == 0 {
        return Int(NGHTTP2_ERR_DEFERRED.rawValue)
      }
    }
    return count
  }

  private func beganHeaders(_ id: StreamID) {
    self.blockID = id
    self.block.begin()
    self.blockSize = 0
    self.blockFields = 0
    self.blockHasHost = false
    self.ledger?.opened(id)
  }

  /// - Returns: false when the block is so far over the limits that reading on is work for nothing.
  private func receivedField(
    _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    // A field's size as RFC 9113, section 6.5.2, counts it. Both limits come before the copy: a few
    // bytes on the wire can name a large field of the compression table many times.
    self.blockSize += name.count + value.count + 32
    self.blockFields += 1
    let (maxFields, maxSize) = (
      self.configuration.maxHeaderFields, Int(self.configuration.maxHeaderListSize)
    )
    guard self.blockFields <= maxFields, self.blockSize <= maxSize else {
      self.truncateBlock(self.blockFields > maxFields ? .headerFields : .headerListSize)
      guard self.blockFields <= maxFields * Self.bearableExcess,
        self.blockSize <= maxSize * Self.bearableExcess
      else {
        self.isFlooded = true
        return false
      }
      return true
    }
    if name.count == 4, name.elementsEqual("host".utf8) { self.blockHasHost = true }
    self.block.append(name, value)
    return true
  }

  private func truncateBlock(_ limit: ConnectionLimit) {
    guard !self.block.isTruncated else { return }
    self.block.truncate()
    self.events.append(.limitExceeded(limit))
  }

  private func receivedFrame(_ frame: UnsafePointer<nghttp2_frame>, _ session: OpaquePointer) {
    let header = frame.pointee.hd
    let id = StreamID(rawValue: header.stream_id)
    let endStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue:
      guard self.blockID == id else { return }
      let (headers, isRepeated) = self.block.end()
      self.blockID = nil
      guard isRepeated || !self.blockHasHost || headers.hostAgrees else {
        nghttp2_submit_rst_stream(
          session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id.rawValue,
          NGHTTP2_PROTOCOL_ERROR.rawValue)
        return
      }
      if !isRepeated { self.block.remember(headers) }
      if self.outbound[id] == nil {
        self.outbound.set(
          OutboundBody(hasHeaders: false, isEnded: false, openedAt: self.now), for: id)
      }
      self.events.append(.headers(id, headers, endStream: endStream))
    case NGHTTP2_SETTINGS.rawValue:
      self.receivedSettings(session)
    case NGHTTP2_DATA.rawValue where endStream:
      self.events.append(.endStream(id))
    case NGHTTP2_GOAWAY.rawValue:
      let goAway = frame.pointee.goaway
      self.events.append(
        .goAway(
          lastStreamID: StreamID(rawValue: goAway.last_stream_id),
          ErrorCode(rawValue: goAway.error_code)))
    case NGHTTP2_PING.rawValue where header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0:
      let payload = withUnsafeBytes(of: frame.pointee.ping.opaque_data) {
        $0.loadUnaligned(as: UInt64.self)
      }
      self.events.append(.pingAcknowledged(UInt64(bigEndian: payload)))
    default:
      // Everything else is libnghttp2's own business; unknown frames are ignored as
      // RFC 9113, section 5.5, wants.
      return
    }
  }

  private func receivedData(
    _ id: StreamID, _ pointer: UnsafePointer<UInt8>, _ count: Int, _ session: OpaquePointer
  ) {
    guard self.overrunID != id else {
      nghttp2_session_consume_connection(session, count)
      return
    }
    guard let input, let inputBase else { return }
    let offset = UnsafeRawPointer(pointer) - inputBase
    guard let slice = input.getSlice(at: input.readerIndex + offset, length: count) else { return }
    self.events.append(.data(id, slice))
  }

  private func closedStream(_ id: StreamID, _ code: ErrorCode) {
    if self.blockID == id { self.blockID = nil }
    // A stream whose headers never came whole was never told of.
    guard let body = self.outbound.remove(id) else { return }
    self.pendingBytes -= body.pending.readableBytes
    if code == .noError { self.floods.finishedStream() }
    let isUnsent = !self.unsent.isEmpty && self.unsent.remove(id) != nil
    self.events.append(.closed(id, isUnsent ? .refusedStream : code))
  }

  /// - Returns: whether the peer has provoked too many resets.
  private func sentReset(_ id: StreamID, _ code: ErrorCode) -> Bool {
    guard self.ledger != nil else { return false }
    // Refused by libnghttp2 or by the handler, for the one reason that both have.
    if code == .refusedStream { self.events.append(.limitExceeded(.streams)) }
    guard !self.isOld(id), let limit = self.floods.sentReset(at: self.now) else { return false }
    self.events.append(.limitExceeded(limit))
    return true
  }

  /// Whether the frame resets a stream that was open for so long that it is no flood.
  func isLateReset(_ head: FrameHead) -> Bool {
    head.type == FrameHead.Kind.reset
      && self.isOld(StreamID(rawValue: Int32(truncatingIfNeeded: head.stream)))
  }

  private func isOld(_ id: StreamID) -> Bool {
    guard let openedAt = self.outbound[id]?.openedAt else { return false }
    return self.now - openedAt >= FloodLimits.patience
  }

  /// libnghttp2 breaks the connection over one stream too many once the peer has acknowledged the
  /// limit.
  private func receivedInvalidHeaders() {
    if self.outbound.count >= Int(self.configuration.maxConcurrentStreams) {
      self.events.append(.limitExceeded(.streams))
    }
  }

  /// Gives up what waits for the peer.
  func discardOutbound() {
    for (_, body) in self.outbound.entries { body.pending = ByteBuffer() }
    self.pendingBytes = 0
  }

  private func didNotSend(
    _ frame: UnsafePointer<nghttp2_frame>, _ error: Int32, _ session: OpaquePointer
  ) {
    guard UInt32(frame.pointee.hd.type) == NGHTTP2_HEADERS.rawValue else { return }
    let id = frame.pointee.hd.stream_id
    if error == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED.rawValue {
      // libnghttp2 closes the stream next, with INTERNAL_ERROR, which says too little.
      self.unsent.insert(StreamID(rawValue: id))
    } else if error == NGHTTP2_ERR_FRAME_SIZE_ERROR.rawValue, self.ledger != nil {
      // A response larger than libnghttp2 sends, 64 KiB. Without it the stream would stay open and
      // unanswered.
      nghttp2_submit_rst_stream(
        session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_INTERNAL_ERROR.rawValue)
    }
  }
}

// MARK: - The C callbacks

extension SessionState {
  /// Calls `body` with the state, which the session keeps for as long as libnghttp2 calls back.
  private static func with<Result>(
    _ context: UnsafeMutableRawPointer?, _ body: (SessionState) -> Result
  ) -> Result {
    guard let context else { preconditionFailure("a libnghttp2 callback without its context") }
    return Unmanaged<SessionState>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
  }

  static var dataProvider: nghttp2_data_provider {
    var provider = nghttp2_data_provider()
    provider.read_callback = { _, id, target, length, flags, _, context in
      guard let target, let flags else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
      return SessionState.with(context) {
        $0.read(
          StreamID(rawValue: id),
          into: UnsafeMutableRawBufferPointer(start: target, count: length),
          flags: &flags.pointee)
      }
    }
    return provider
  }

  static func install(in callbacks: OpaquePointer?) {
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { session, header, context in
      guard let session, let header else { return 0 }
      SessionState.with(context) { $0.beganFrame(header.pointee, session) }
      return 0
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
      guard let frame else { return 0 }
      SessionState.with(context) {
        $0.beganHeaders(StreamID(rawValue: frame.pointee.hd.stream_id))
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, _, name, nameLength, value, valueLength, _, context in
      SessionState.with(context) {
        $0.receivedField(
          UnsafeBufferPointer(start: name, count: nameLength),
          UnsafeBufferPointer(start: value, count: valueLength))
      } ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { session, frame, context in
      guard let session, let frame else { return 0 }
      SessionState.with(context) { $0.receivedFrame(frame, session) }
      return 0
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
      session, _, id, data, length, context in
      guard let session, let data else { return 0 }
      SessionState.with(context) {
        $0.receivedData(StreamID(rawValue: id), data, length, session)
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) {
      session, frame, error, context in
      guard let session, let frame else { return 0 }
      SessionState.with(context) { $0.didNotSend(frame, error, session) }
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { session, frame, context in
      guard let frame, UInt32(frame.pointee.hd.type) == NGHTTP2_RST_STREAM.rawValue else {
        return 0
      }
      let code = ErrorCode(rawValue: frame.pointee.rst_stream.error_code)
      let id = StreamID(rawValue: frame.pointee.hd.stream_id)
      if SessionState.with(context, { $0.sentReset(id, code) }) {
        nghttp2_session_terminate_session(session, ErrorCode.enhanceYourCalm.rawValue)
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) {
      _, frame, error, context in
      guard let frame, UInt32(frame.pointee.hd.type) == NGHTTP2_HEADERS.rawValue,
        error == NGHTTP2_ERR_PROTO.rawValue
      else { return 0 }
      SessionState.with(context) { $0.receivedInvalidHeaders() }
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) {
      session, id, code, context in
      guard let session else { return 0 }
      SessionState.with(context) { state in
        state.noteClosed(StreamID(rawValue: id), session)
        state.closedStream(StreamID(rawValue: id), ErrorCode(rawValue: code))
      }
      return 0
    }
  }
}
