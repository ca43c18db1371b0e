internal import NIOConcurrencyHelpers

/// Lists already written, and sorted, for one address book.
final class RenderCache: Sendable {
  enum Key: Hashable, Sendable {
    case groups(Engine, withParticipants: Bool)
    case contacts(Engine)
  }

  /// An order that is asked for of a list.
  struct OrderKey: Hashable, Sendable {
    var list: Key
    var sortBy: String?
    var isDescending: Bool
  }

  private let orders = NIOLockedValueBox<[OrderKey: [Int]]>([:])
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

  /// Sorts a list the first time; whoever asks meanwhile waits.
  func order(_ key: OrderKey, sort: () -> [Int]) -> [Int] {
    self.orders.withLockedValue { orders in
      if let order = orders[key] { return order }
      let order = sort()
      orders[key] = order
      return order
    }
  }
}
