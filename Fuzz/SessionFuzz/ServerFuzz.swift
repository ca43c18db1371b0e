internal import FuzzKit
internal import HTTP2
internal import NIOCore
internal import NIOEmbedded

/// A server's connection in a channel whose socket is the fuzzer.
struct ServerFuzz {
  private let channel = EmbeddedChannel()
  private let handler: HTTP2ConnectionHandler
  private let calls = Calls()
  private let output = WrittenFrames()

  final class Calls {
    var all: [FuzzCall] = []
  }

  init(_ choices: UInt8) {
    var configuration = ConnectionConfiguration()
    // Small enough that a few hundred bytes reach them.
    configuration.session.maxConcurrentStreams = 4
    configuration.session.streamWindow = 1 << 10
    configuration.session.connectionWindow = 1 << 16
    configuration.session.outboundHighWaterMark = 256
    configuration.session.outboundLowWaterMark = 64
    configuration.session.maxHeaderFields = 12
    configuration.maxBufferedBytes = 2 << 10
    if choices & 0x10 != 0 {
      configuration.timeouts = ConnectionTimeouts()
    }
    let answersAtOnce = choices & 0x20 != 0
    let calls = self.calls
    self.handler = .server(configuration: configuration) { stream in
      let call = FuzzCall(stream, answersAtOnce: answersAtOnce)
      calls.all.append(call)
      return call
    }
  }

  func run(_ steps: [FrameScript.Step], cut: Cut, seed: UInt8) {
    do {
      try self.channel.pipeline.syncOperations.addHandler(self.handler)
      self.channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    } catch {
      fatalError("\(error)")
    }
    self.settle()
    for step in steps where self.channel.isActive {
      switch step {
      case .read(let bytes):
        for piece in bytes.pieces(cut, seed: seed) where self.channel.isActive {
          self.channel.pipeline.fireChannelRead(piece)
          if cut != .whole { self.settle() }
        }
        self.settle()
      case .act(let action, let index): self.act(action, on: index)
      }
    }
    self.end()
  }

  private func act(_ action: FrameScript.Action, on index: Int) {
    let call = self.calls.all.isEmpty ? nil : self.calls.all[index % self.calls.all.count]
    switch action {
    case .answer: call?.answer(index)
    case .answerHead: call?.answerHead()
    case .sendBody: call?.send(index)
    case .endBody: call?.endBody()
    case .reset: call?.reset()
    case .consume: call?.consume()
    case .beginDrain: self.handler.beginDrain()
    case .hurryDrain: self.handler.hurryDrain()
    case .block:
      self.channel.isWritable = false
      self.channel.pipeline.fireChannelWritabilityChanged()
    case .unblock:
      self.channel.isWritable = true
      self.channel.pipeline.fireChannelWritabilityChanged()
    case .close: self.handler.close()
    case .passTime: self.channel.embeddedEventLoop.advanceTime(by: .seconds(Int64(index)))
    case .acknowledge:
      self.channel.pipeline.fireChannelRead(
        FrameScript.frame(0x4, flags: 0x1, stream: 0, ByteBuffer()))
    }
    self.settle()
  }

  /// Ends the read loop, runs what was scheduled, and looks at what was written.
  private func settle() {
    self.channel.pipeline.fireChannelReadComplete()
    self.channel.embeddedEventLoop.run()
    do {
      while let bytes = try self.channel.readOutbound(as: ByteBuffer.self) {
        self.output.take(bytes)
      }
    } catch {
      fatalError("\(error)")
    }
  }

  /// The socket goes, and with it every stream.
  private func end() {
    self.channel.close(promise: nil)
    self.settle()
    self.channel.embeddedEventLoop.advanceTime(by: .hours(1))
    self.settle()
    for call in self.calls.all {
      check(call.story.isClosed, "a stream outlives its connection")
      call.checkConsumed()
    }
    check(self.handler.openStreams == 0, "\(self.handler.openStreams) streams are open")
    self.calls.all = []
  }
}
