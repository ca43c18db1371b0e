internal import AuthService
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// Stands between TLS and HTTP/2 and lets nothing through before both ends have agreed on `h2`.
///
/// HTTP/2 behind it does not speak first. What it writes before the agreement is thus a goodbye,
/// to a peer that could not read it yet: the connection is closed in its place.
final class TLSGate: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    case shakingHands
    case open
    case closed
  }

  /// How much may be written before it is encrypted, in bytes. TLS encrypts what is flushed, and
  /// before that nobody sees that the socket is full.
  private static let maxUnflushed = 16 << 10

  private let logger: Logger
  private let onCertificate: (ClientCertificate) -> Void
  private var state = State.shakingHands
  private var unflushed = 0

  init(logger: Logger, onCertificate: @escaping (ClientCertificate) -> Void) {
    self.logger = logger
    self.onCertificate = onCertificate
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let name)? = event as? TLSUserEvent {
      self.handshakeCompleted(context, protocol: name)
    }
    context.fireUserInboundEventTriggered(event)
  }

  private func handshakeCompleted(_ context: ChannelHandlerContext, protocol name: String?) {
    guard case .shakingHands = self.state else { return }
    guard name == "h2" else {
      self.refuse(context, because: "the client did not agree on h2 (ALPN)")
      return
    }
    do {
      if let leaf = try context.pipeline.syncOperations.nioSSL_peerCertificate() {
        self.onCertificate(try ClientCertificate(der: try leaf.toDERBytes()))
      }
    } catch {
      self.refuse(context, because: "the client's certificate: \(error)")
      return
    }
    self.state = .open
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if case .shakingHands = self.state {
      self.refuse(context, because: Self.reason(error))
    }
    // A peer that goes without the end of TLS is none: HTTP/2 knows by itself what it has missed.
    context.fireErrorCaught(error)
  }

  private func refuse(_ context: ChannelHandlerContext, because reason: String) {
    self.state = .closed
    self.logger.debug("TLS handshake failed", metadata: ["reason": "\(reason)"])
    context.close(promise: nil)
  }

  /// BoringSSL's word for it, without the place in its source.
  private static func reason(_ error: any Error) -> String {
    guard case .handshakeFailed(.sslError(let stack))? = error as? NIOSSLError,
      let text = stack.first?.description
    else { return "\(error)" }
    guard let library = text.firstRange(of: "OPENSSL_internal:") else { return text }
    return String(text[library.upperBound...].prefix { $0 != " " })
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .open = self.state else { return }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .open = self.state else {
      self.state = .closed
      promise?.fail(ChannelError.ioOnClosedChannel)
      context.close(promise: nil)
      return
    }
    self.unflushed += self.unwrapOutboundIn(data).readableBytes
    context.write(data, promise: promise)
    if self.unflushed >= Self.maxUnflushed { self.flush(context: context) }
  }

  func flush(context: ChannelHandlerContext) {
    self.unflushed = 0
    context.flush()
  }
}
