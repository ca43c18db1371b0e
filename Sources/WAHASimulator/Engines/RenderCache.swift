internal import NIOConcurrencyHelpers

/// Lists already written for one address book.
final class RenderCache: Sendable {
  enum Key: Hashable, Sendable {
    case groups(Engine, withParticipants: Bool)
    case contacts(Engine)
  }

  private let lists = NIOLockedValueBox<[Key: RenderedList]>([:])

  /// Writes a list the first time; whoever asks meanwhile waits.
  func list(_ key: Key, render: () -> RenderedList) -> RenderedList {
    self.lists.withLockedValue { lists in
      if let list = lists[key] { return list }
      let list = render()
      lists[key] = list
      return list
    }
  }
}
