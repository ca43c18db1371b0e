import Testing

@testable import UserAPIServer

@Suite struct LogPaceTests {
  @Test func `a line a minute says how often it happened`() {
    var pace = LogPace(interval: .seconds(60))
    let start = ContinuousClock.now
    #expect(pace.happened(at: start) == 1)
    for second in 1..<60 { #expect(pace.happened(at: start + .seconds(second)) == nil) }
    #expect(pace.happened(at: start + .seconds(60)) == 60)
    #expect(pace.happened(at: start + .seconds(61)) == nil)
    #expect(pace.happened(at: start + .seconds(600)) == 2)
  }
}
