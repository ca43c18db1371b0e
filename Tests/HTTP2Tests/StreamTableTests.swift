import Testing

@testable import HTTP2

@Suite struct StreamTableTests {
  @Test func `it holds what a dictionary holds, whatever comes and goes`() {
    var random = SeededRandom(seed: 1)
    var table = StreamTable<Int>()
    var model: [StreamID: Int] = [:]
    for step in 0..<20_000 {
      // Rows of ids, and ids that meet in one slot however large the table is.
      let number = Int32.random(in: 0..<40, using: &random)
      let id = StreamID(rawValue: Bool.random(using: &random) ? number : number << 16)
      if Int.random(in: 0..<3, using: &random) == 0 {
        #expect(table.remove(id) == model.removeValue(forKey: id))
      } else {
        table.set(step, for: id)
        model[id] = step
      }
      #expect(table[id] == model[id])
      #expect(table.count == model.count)
      #expect(table.isEmpty == model.isEmpty)
    }
    for (id, value) in model { #expect(table[id] == value) }
    let entries = Dictionary(uniqueKeysWithValues: table.entries.map { ($0.id, $0.value) })
    #expect(entries == model)
  }

  @Test func `one that is not there is not found and cannot be removed`() {
    var table = StreamTable<Int>()
    #expect(table[StreamID(rawValue: 1)] == nil)
    #expect(table.remove(StreamID(rawValue: 1)) == nil)
    table.set(7, for: StreamID(rawValue: 1))
    // In the same slot.
    #expect(table[StreamID(rawValue: 33)] == nil)
    #expect(table.remove(StreamID(rawValue: 33)) == nil)
    #expect(table.count == 1)
  }

  @Test func `what it gives up is released`() {
    final class Value {}
    var table = StreamTable<Value>()
    weak var removed: Value?
    weak var replaced: Value?
    do {
      let (first, second) = (Value(), Value())
      (removed, replaced) = (first, second)
      table.set(first, for: StreamID(rawValue: 1))
      table.set(second, for: StreamID(rawValue: 3))
    }
    #expect(removed != nil && replaced != nil)
    table.remove(StreamID(rawValue: 1))
    table.set(Value(), for: StreamID(rawValue: 3))
    #expect(removed == nil && replaced == nil)
  }
}
