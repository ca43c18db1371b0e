internal import NIOConcurrencyHelpers

/// The faults in force, the oldest first.
final class FaultTable: Sendable {
  private let faults = NIOLockedValueBox<[Fault]>([])

  func add(_ fault: Fault) { self.faults.withLockedValue { $0.append(fault) } }

  func clear() { self.faults.withLockedValue { $0.removeAll() } }

  /// The first fault that matches. One that has served its count is gone after this.
  func take(method: String, path: String) -> Fault? {
    self.faults.withLockedValue { faults in
      faults.removeAll { ($0.count ?? 1) <= 0 }
      guard let index = faults.firstIndex(where: { $0.matches(method: method, path: path) })
      else { return nil }
      let fault = faults[index]
      if let count = fault.count {
        faults[index].count = count - 1
        if count == 1 { faults.remove(at: index) }
      }
      return fault
    }
  }
}
