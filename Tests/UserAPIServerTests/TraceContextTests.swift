import Testing

@testable import UserAPIServer

@Suite struct TraceContextTests {
  private static let traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let parent = "00-\(traceID)-00f067aa0ba902b7-01"

  @Test func `a parent is read and written as it was`() throws {
    let trace = try #require(TraceContext(parent: Self.parent, state: "vendor=1,other=2"))
    #expect(trace.traceID == Self.traceID)
    #expect(trace.spanID == "00f067aa0ba902b7")
    #expect(trace.flags == "01")
    #expect(trace.state == "vendor=1,other=2")
    #expect(trace.parent == Self.parent)
  }

  @Test(arguments: [
    "", "00", "00-\(traceID)", "00-\(traceID)-00f067aa0ba902b7", parent + "-", parent + "0",
    parent + "-00", "ff-\(traceID)-00f067aa0ba902b7-01", "0g-\(traceID)-00f067aa0ba902b7-01",
    "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-\(traceID)-0000000000000000-01",
    "00-\(traceID.uppercased())-00f067aa0ba902b7-01", "00-\(traceID)-00F067AA0BA902B7-01",
    "00_\(traceID)-00f067aa0ba902b7-01", "00-\(traceID)-00f067aa0ba902b7-0x", " " + parent,
    "01-\(traceID)-00f067aa0ba902b7-01.more",
    "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
  ])
  func `what is none is not taken for one`(parent: String) {
    #expect(TraceContext(parent: parent, state: nil) == nil)
  }

  @Test(arguments: ["", "-more-fields"])
  func `of a version to come what is known is read`(rest: String) throws {
    let parent = "01-\(Self.traceID)-00f067aa0ba902b7-03" + rest
    let trace = try #require(TraceContext(parent: parent, state: nil))
    #expect(trace.traceID == Self.traceID)
    #expect(trace.parent == "00-\(Self.traceID)-00f067aa0ba902b7-03")
  }

  @Test(arguments: ["", String(repeating: "a", count: 513), "a=1\r\nx: y", "a=é"])
  func `a state that cannot be passed on is left out, and the trace goes on`(
    state: String
  ) throws {
    let trace = try #require(TraceContext(parent: Self.parent, state: state))
    #expect(trace.state == nil)
  }

  @Test func `a child is another span of the same trace`() throws {
    let trace = try #require(TraceContext(parent: Self.parent, state: "a=1"))
    let (first, second) = (trace.child(), trace.child())
    for child in [first, second] {
      #expect(child.traceID == trace.traceID)
      #expect(child.flags == trace.flags)
      #expect(child.state == trace.state)
      #expect(TraceContext(parent: child.parent, state: nil)?.spanID == child.spanID)
    }
    #expect(Set([trace.spanID, first.spanID, second.spanID]).count == 3)
  }

  @Test func `a trace that begins here is one that others can read`() {
    let traces = (0..<100).map { _ in TraceContext.root() }
    for trace in traces { #expect(TraceContext(parent: trace.parent, state: nil) == trace) }
    #expect(Set(traces.map(\.traceID)).count == 100)
  }
}
