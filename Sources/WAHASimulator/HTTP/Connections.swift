internal import NIOCore
internal import NIOConcurrencyHelpers

/// The open connections, so that they can be closed together.
final class Connections: Sendable {
  private let channels = NIOLockedValueBox<[ObjectIdentifier: any Channel]>([:])

  /// Keeps a connection until it closes.
  func add(_ channel: any Channel) {
    let id = ObjectIdentifier(channel)
    self.channels.withLockedValue { $0[id] = channel }
    channel.closeFuture.whenComplete { _ in
      _ = self.channels.withLockedValue { $0.removeValue(forKey: id) }
    }
  }

  func closeAll() async throws {
    let open = self.channels.withLockedValue { channels in
      defer { channels.removeAll() }
      return Array(channels.values)
    }
    for channel in open {
      do {
        try await channel.close().get()
      } catch ChannelError.alreadyClosed {
        // The peer was quicker.
      }
    }
  }
}
