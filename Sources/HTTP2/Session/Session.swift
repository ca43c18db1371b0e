internal import CNghttp2
internal import DequeModule
package import NIOCore

/// One HTTP/2 connection without a socket: bytes in, events out; calls in, bytes out.
///
/// The only owner of libnghttp2's handle. Its callbacks append to a queue and never call out, so
/// the library is never re-entered. Not thread-safe: the event loop that owns the connection is
/// the only one to touch it.
package final class Session {
  private let handle: OpaquePointer
  private let configuration: SessionConfiguration
  private let state: SessionState
  private var scanner: FrameScanner

  /// Makes a session and queues its preface: the client's magic, SETTINGS, and the
  /// connection's window.
  package init(role: Role, configuration: SessionConfiguration = .defaults) {
    self.configuration = configuration
    self.state = SessionState(configuration: configuration, role: role)
    self.scanner = FrameScanner(
      prefaceLength: role == .server ? Int(NGHTTP2_CLIENT_MAGIC_LEN) : 0)
    self.handle = Self.makeHandle(role: role, configuration: configuration)
    nghttp2_session_set_user_data(self.handle, Unmanaged.passUnretained(self.state).toOpaque())
    self.submitPreface()
  }

  deinit {
    nghttp2_session_del(self.handle)
  }

  // MARK: Bytes

  /// Takes bytes from the peer. What they mean is then in ``nextEvent()``.
  ///
  /// - Parameter now: When they came, by which the limits of ``FloodLimits`` count.
  /// - Throws: ``SessionError`` when the connection cannot go on and libnghttp2 has queued no
  ///   GOAWAY of its own. A violation that has a GOAWAY is no error here: send what
  ///   ``writePending(into:limit:)`` gives, then close as ``isFinished`` says.
  package func receive(
    _ bytes: ByteBuffer, at now: NIODeadline = .now()
  ) throws(SessionError) {
    self.state.input = bytes
    self.state.now = now
    defer { self.state.input = nil }
    let result = bytes.withUnsafeReadableBytes { raw -> Int in
      guard let base = raw.baseAddress, !raw.isEmpty else { return 0 }
      self.state.inputBase = base
      return self.feed(raw)
    }
    self.state.inputBase = nil
    guard result >= 0 else {
      throw SessionError(
        code: self.state.isFlooded ? .flooded : .init(rawValue: Int32(result)))
    }
  }

  /// Gives libnghttp2 the bytes. A server gives them in pieces: before the last byte of every DATA
  /// frame's head all that came ahead of it must have taken effect.
  ///
  /// - Returns: libnghttp2's error, negative, or anything else.
  private func feed(_ raw: UnsafeRawBufferPointer) -> Int {
    var fed = 0
    var offset = 0
    while let head = self.scanner.nextHead(in: raw, from: &offset) {
      if self.state.ledger != nil, !self.state.isLateReset(head),
        let flood = self.state.floods.received(head, at: self.state.now)
      {
        self.state.events.append(.limitExceeded(flood))
        self.state.isFlooded = true
        return Int(NGHTTP2_ERR_FLOODED.rawValue)
      }
      guard head.type == FrameHead.Kind.data, !head.isInsideBlock, self.state.ledger != nil else {
        continue
      }
      let result = self.feedPiece(UnsafeRawBufferPointer(rebasing: raw[fed..<(offset - 1)]))
      guard result >= 0 else { return result }
      fed = offset - 1
      self.state.beganData(on: StreamID(rawValue: Int32(head.stream)), self.handle)
    }
    return self.feedPiece(UnsafeRawBufferPointer(rebasing: raw[fed...]))
  }

  private func feedPiece(_ raw: UnsafeRawBufferPointer) -> Int {
    guard let base = raw.baseAddress, !raw.isEmpty else { return 0 }
    return nghttp2_session_mem_recv(
      self.handle, base.assumingMemoryBound(to: UInt8.self), raw.count)
  }

  /// The next thing that happened, or nil when everything has been told.
  package func nextEvent() -> SessionEvent? {
    self.state.events.popFirst()
  }

  /// Appends what is ready for the peer to `buffer`, at least `limit` bytes if there are as many.
  ///
  /// - Returns: false when the connection is beyond use and must be closed.
  package func writePending(into buffer: inout ByteBuffer, limit: Int) -> Bool {
    while buffer.readableBytes < limit {
      var pointer: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(self.handle, &pointer)
      guard count >= 0 else { return false }
      guard count > 0, let pointer else { return true }
      buffer.writeBytes(UnsafeRawBufferPointer(start: pointer, count: count))
    }
    return true
  }

  /// Whether nothing remains to be read or written, so that the connection can be closed.
  package var isFinished: Bool {
    nghttp2_session_want_read(self.handle) == 0 && nghttp2_session_want_write(self.handle) == 0
  }

  /// Whether the peer's preface has come (RFC 9113, section 3.4).
  package var hasPreface: Bool { self.scanner.hasPreface }

  /// The number of the header block that the peer has begun and not ended, nil outside of one.
  package var openHeaderBlock: Int? { self.scanner.openBlock }

  /// Bytes of bodies that the peer's windows have not taken yet.
  package var pendingBytes: Int { self.state.pendingBytes }

  /// Bytes of bodies that were given to ``writePending(into:limit:)``, since the beginning.
  package var sentBytes: Int { self.state.sentBytes }

  /// Gives up what waits for the peer, on a connection that ends.
  package func discardOutbound() {
    self.state.discardOutbound()
  }

  /// Whether there may be bytes for ``writePending(into:limit:)``.
  package var wantsWrite: Bool {
    nghttp2_session_want_write(self.handle) != 0
  }

  // MARK: Streams

  /// Opens a stream as a client.
  ///
  /// - Throws: ``SessionError/Code/noNewStreams`` once the connection goes away or has used up
  ///   its identifiers.
  package func submitRequest(_ headers: Headers, endStream: Bool) throws(SessionError) -> StreamID {
    guard nghttp2_session_check_request_allowed(self.handle) != 0 else {
      throw SessionError(code: .noNewStreams)
    }
    let rawID = headers.withNameValues { pairs, count in
      withUnsafePointer(to: SessionState.dataProvider) { provider in
        nghttp2_submit_request(self.handle, nil, pairs, count, endStream ? nil : provider, nil)
      }
    }
    guard rawID > 0 else { throw SessionError(code: .init(rawValue: rawID)) }
    let id = StreamID(rawValue: rawID)
    self.state.outbound.set(
      OutboundBody(hasHeaders: true, isEnded: endStream, openedAt: self.state.now), for: id)
    return id
  }

  /// Whether anything of the stream was given to ``writePending(into:limit:)`` or came from the
  /// peer. False for a request that still waits for its turn.
  package func hasBegun(_ id: StreamID) -> Bool {
    nghttp2_session_find_stream(self.handle, id.rawValue) != nil
  }

  /// Answers a stream as a server. The body, if any, follows by ``send(_:on:endStream:)``.
  ///
  /// - Throws: ``SessionError/Code/streamClosed`` when the peer was faster and took the stream;
  ///   ``SessionError/Code/alreadyAnswered`` on the second call.
  package func submitResponse(
    _ headers: Headers, on id: StreamID, endStream: Bool
  ) throws(SessionError) {
    guard let body = self.state.outbound[id] else { throw SessionError(code: .streamClosed) }
    guard !body.hasHeaders else { throw SessionError(code: .alreadyAnswered) }
    let result = headers.withNameValues { pairs, count in
      withUnsafePointer(to: SessionState.dataProvider) { provider in
        nghttp2_submit_response(
          self.handle, id.rawValue, pairs, count, endStream ? nil : provider)
      }
    }
    guard result == 0 else { throw SessionError(code: .init(rawValue: result)) }
    body.hasHeaders = true
    body.isEnded = endStream
  }

  /// Queues bytes of the body of `id`, which this side has begun and not ended.
  ///
  /// - Returns: whether the producer may go on. After false it waits for
  ///   ``SessionEvent/writable(_:)``.
  /// - Throws: ``SessionError/Code/streamClosed`` when the stream is gone.
  @discardableResult
  package func send(
    _ bytes: ByteBuffer, on id: StreamID, endStream: Bool
  ) throws(SessionError) -> Bool {
    guard let isWritable = self.state.append(bytes, to: id, endStream: endStream) else {
      throw SessionError(code: .streamClosed)
    }
    nghttp2_session_resume_data(self.handle, id.rawValue)
    return isWritable
  }

  /// Resets the stream, in whatever state it is. A stream that is already gone stays so.
  package func reset(_ id: StreamID, code: ErrorCode) {
    guard self.state.outbound[id] != nil else { return }
    nghttp2_submit_rst_stream(
      self.handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), id.rawValue, code.rawValue)
  }

  /// Gives `count` bytes of body back to the windows of the stream and the connection
  /// (RFC 9113, section 5.2). For a stream that is gone, to the connection alone.
  package func consume(_ count: Int, on id: StreamID) {
    guard count > 0 else { return }
    nghttp2_session_consume(self.handle, id.rawValue, count)
  }

  // MARK: Connection

  /// Announces the end of the connection without refusing anything yet: GOAWAY(2^31-1).
  package func announceShutdown() {
    nghttp2_submit_shutdown_notice(self.handle)
  }

  /// Sends GOAWAY with the last stream taken; later ones are refused.
  package func goAway(_ code: ErrorCode) {
    let last = nghttp2_session_get_last_proc_stream_id(self.handle)
    nghttp2_submit_goaway(
      self.handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, code.rawValue, nil, 0)
  }

  /// Sends GOAWAY and finishes the session once it is written; open streams are lost.
  package func terminate(_ code: ErrorCode) {
    nghttp2_session_terminate_session(self.handle, code.rawValue)
  }

  /// Sends a PING; ``SessionEvent/pingAcknowledged(_:)`` answers with the same number.
  package func ping(_ payload: UInt64) {
    withUnsafeBytes(of: payload.bigEndian) { bytes in
      _ = nghttp2_submit_ping(
        self.handle, UInt8(NGHTTP2_FLAG_NONE.rawValue),
        bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
  }

  // MARK: Setting up

  private static func makeHandle(
    role: Role, configuration: SessionConfiguration
  ) -> OpaquePointer {
    var options: OpaquePointer?
    nghttp2_option_new(&options)
    defer { nghttp2_option_del(options) }
    nghttp2_option_set_no_auto_window_update(options, 1)
    // It would keep as many closed streams as may be open, 64 KiB of them, for a priority tree.
    nghttp2_option_set_no_closed_streams(options, 1)
    // It counts a CONTINUATION once for every piece in which the frame's header arrives, nine at
    // the most.
    nghttp2_option_set_max_continuations(options, 9 * configuration.floods.continuations)
    nghttp2_option_set_peer_max_concurrent_streams(options, configuration.maxConcurrentStreams)

    // It has a limit of its own, which says INTERNAL_ERROR; this side's comes first.
    let resets = configuration.floods.resets
    nghttp2_option_set_stream_reset_rate_limit(
      options, 4 * max(UInt64(resets.burst), UInt64(configuration.maxConcurrentStreams)),
      4 * max(UInt64(resets.perSecond), UInt64(configuration.maxConcurrentStreams)))

    var callbacks: OpaquePointer?
    nghttp2_session_callbacks_new(&callbacks)
    defer { nghttp2_session_callbacks_del(callbacks) }
    SessionState.install(in: callbacks)

    var handle: OpaquePointer?
    let result =
      switch role {
      case .server: nghttp2_session_server_new2(&handle, callbacks, nil, options)
      case .client: nghttp2_session_client_new2(&handle, callbacks, nil, options)
      }
    // The one way to fail is to be out of memory, which Swift does not survive either.
    guard result == 0, let handle else { preconditionFailure("nghttp2_session_new2: \(result)") }
    return handle
  }

  private func submitPreface() {
    let settings = [
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
        value: self.configuration.maxConcurrentStreams),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
        value: self.configuration.streamWindow),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
        value: self.configuration.maxHeaderListSize),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
    ]
    let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
    let result = nghttp2_submit_settings(self.handle, flags, settings, settings.count)
    precondition(result == 0, "libnghttp2 refused the settings of SessionConfiguration: \(result)")
    nghttp2_session_set_local_window_size(
      self.handle, flags, 0, self.configuration.connectionWindow)
  }
}
