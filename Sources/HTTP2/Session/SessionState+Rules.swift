internal import CNghttp2

/// Rules of RFC 9113 that libnghttp2 1.52 leaves to its user.
extension SessionState {
  /// A frame's header has come and nothing of its payload. Not called for frames that libnghttp2
  /// discards: those of an unknown type, DATA on a stream that is gone, and what continues a header
  /// block that is discarded.
  func beganFrame(_ header: nghttp2_frame_hd, _ session: OpaquePointer) {
    let id = StreamID(rawValue: header.stream_id)
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue:
      switch self.ledger?.receivedHeaders(on: id, isOpen: Self.isOpen(id, session)) {
      case .neverOpened:
        nghttp2_session_terminate_session(session, NGHTTP2_PROTOCOL_ERROR.rawValue)
      case .closed:
        nghttp2_session_terminate_session(session, NGHTTP2_STREAM_CLOSED.rawValue)
      case .proceed, nil:
        return
      }
    case NGHTTP2_DATA.rawValue:
      // libnghttp2 resets the stream only when the first byte too many is there, hands on what
      // came before, and counts padding as consumed meanwhile (section 6.9.1).
      let window = nghttp2_session_get_stream_local_window_size(session, id.rawValue)
      self.overrunID = header.length > Int(window) ? id : nil
      guard self.overrunID != nil else { return }
      nghttp2_submit_rst_stream(
        session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id.rawValue,
        NGHTTP2_FLOW_CONTROL_ERROR.rawValue)
    case NGHTTP2_SETTINGS.rawValue where header.length > 0:
      self.peerWindows = self.windows(session)
    case NGHTTP2_CONTINUATION.rawValue
    where header.length
      > Int(nghttp2_session_get_local_settings(session, NGHTTP2_SETTINGS_MAX_FRAME_SIZE)):
      // It looks at all others itself (section 4.2).
      nghttp2_session_terminate_session(session, NGHTTP2_FRAME_SIZE_ERROR.rawValue)
    default:
      return
    }
  }

  /// The header of a DATA frame has come, all but its last byte of which libnghttp2 has seen.
  func beganData(on id: StreamID, _ session: OpaquePointer) {
    guard self.ledger?.isClosed(id, isOpen: Self.isOpen(id, session)) == true else { return }
    nghttp2_session_terminate_session(session, NGHTTP2_STREAM_CLOSED.rawValue)
  }

  /// SETTINGS have taken effect. An overflow breaks the connection; libnghttp2 resets the stream
  /// alone (section 6.9.2).
  func receivedSettings(_ session: OpaquePointer) {
    guard let windows = self.peerWindows else { return }
    self.peerWindows = nil
    let initial = nghttp2_session_get_remote_settings(
      session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)
    if windows.overflow(with: initial) {
      nghttp2_session_terminate_session(session, NGHTTP2_FLOW_CONTROL_ERROR.rawValue)
    }
  }

  /// Tells the ledger what the client can still have sent on a stream that is being closed.
  func noteClosed(_ id: StreamID, _ session: OpaquePointer) {
    guard self.ledger != nil else { return }
    let peerHasEnded = nghttp2_session_get_stream_remote_close(session, id.rawValue) == 1
    self.ledger?.closed(id, peerHasEnded: peerHasEnded)
  }

  private func windows(_ session: OpaquePointer) -> PeerWindows {
    var windows = PeerWindows(
      initial: nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE))
    for (id, _) in self.outbound.entries {
      windows.add(nghttp2_session_get_stream_remote_window_size(session, id.rawValue))
    }
    return windows
  }

  private static func isOpen(_ id: StreamID, _ session: OpaquePointer) -> Bool {
    guard let stream = nghttp2_session_find_stream(session, id.rawValue) else { return false }
    let state = nghttp2_stream_get_state(stream)
    return state != NGHTTP2_STREAM_STATE_IDLE && state != NGHTTP2_STREAM_STATE_CLOSED
  }
}
