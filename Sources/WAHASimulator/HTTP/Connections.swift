internal import NIOCore
internal import Synchronization

/// The open connections, so that they can be closed together.
final class Connections: Sendable {
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

  /// Keeps a connection until it closes.
  func add(_ channel: any Channel) {
    let id = ObjectIdentifier(channel)
    self.channels.withLock { $0[id] = channel }
    channel.closeFuture.whenComplete { _ in
      _ = self.channels.withLock { $0.removeValue(forKey: id) }
    }
  }

  func takeAll() -> [any Channel] {
    self.channels.withLock { channels in
      defer { channels.removeAll() }
      return Array(channels.values)
    }
  }
}
