import SessionService
import TestKit
import Testing

@Suite struct HostPlacementTests {
  private func placement(_ hosts: (String, Int?)...) throws -> HostPlacement {
    HostPlacement(
      hosts: try hosts.map { .init(name: try #require(HostName($0.0)), capacity: $0.1) })
  }

  private func loads(_ loads: [String: Int]) -> [HostName: Int] {
    [HostName: Int](uniqueKeysWithValues: loads.map { (HostName(stored: $0.key), $0.value) })
  }

  @Test func `the least loaded host with room is chosen, and the first of several`() throws {
    let placement = try self.placement(("a", 2), ("b", nil), ("c", 5))
    let cases: [([String: Int], String)] = [
      ([:], "a"), (["a": 1], "b"), (["a": 1, "b": 1], "c"), (["a": 1, "b": 1, "c": 1], "a"),
      // A full host has the fewest sessions, and is none to choose.
      (["a": 2, "b": 4, "c": 3], "c"), (["a": 2, "b": 9, "c": 5], "b"),
      // One that the setting does not name counts for nothing.
      (["z": 0, "a": 1, "b": 1, "c": 2], "a"),
    ]
    for (loads, name) in cases {
      #expect(placement.choice(self.loads(loads))?.rawValue == name, "\(loads)")
    }
  }

  @Test func `a drained host gets none, and one that is too full neither`() throws {
    let placement = try self.placement(("a", 0), ("b", 1))
    #expect(placement.choice([:])?.rawValue == "b")
    #expect(placement.choice(self.loads(["b": 1])) == nil)
    #expect(placement.choice(self.loads(["b": 7])) == nil)
  }

  @Test func `only one host without a limit makes the loads worth nothing`() throws {
    #expect(HostPlacement.single.onlyChoice == .default)
    #expect(try self.placement(("a", 5)).onlyChoice == nil)
    #expect(try self.placement(("a", nil), ("b", 0)).onlyChoice == nil)
  }

  @Test(arguments: ["", "A", "a_b", "a.b", "ä", "a b", String(repeating: "a", count: 33)])
  func `names are short and plain`(text: String) {
    #expect(HostName(text) == nil)
    #expect(HostName("waha-1") == HostName(stored: "waha-1"))
    #expect(HostName(String(repeating: "a", count: 32)) != nil)
  }
}
