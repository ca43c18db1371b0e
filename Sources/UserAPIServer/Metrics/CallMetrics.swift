internal import CoreMetrics
internal import UserAPI

/// `user_api_calls_total{procedure,code}`, `user_api_call_duration_seconds{procedure}` and
/// `user_api_calls_in_flight{procedure}`.
///
/// Every series is made at the start, so that recording a call looks nothing up by name and a
/// series that is zero is there to be seen.
struct CallMetrics: Sendable {
  private struct Series: Sendable {
    let ok: Counter
    let errors: [ErrorCode: Counter]
    let duration: CoreMetrics.Timer
    let inFlight: Meter

    init(_ procedure: String, _ factory: any MetricsFactory) {
      func counter(_ code: String) -> Counter {
        Counter(
          label: "user_api_calls_total",
          dimensions: [("procedure", procedure), ("code", code)], factory: factory)
      }
      self.ok = counter("ok")
      self.errors = [ErrorCode: Counter](
        uniqueKeysWithValues: ErrorCode.all.map { ($0, counter($0.rawValue)) })
      self.duration = CoreMetrics.Timer(
        label: "user_api_call_duration_seconds", dimensions: [("procedure", procedure)],
        factory: factory)
      self.inFlight = Meter(
        label: "user_api_calls_in_flight", dimensions: [("procedure", procedure)],
        factory: factory)
    }
  }

  private let procedures: [Procedure: Series]
  /// Calls that name no procedure.
  private let unknown: Series

  init(factory: any MetricsFactory) {
    self.procedures = [Procedure: Series](
      uniqueKeysWithValues: Procedure.allCases.map { ($0, Series($0.rawValue, factory)) })
    self.unknown = Series("none", factory)
  }

  /// A call of that procedure has begun, and ends with ``record(_:_:nanoseconds:)``.
  func begin(_ procedure: Procedure) {
    self.procedures[procedure]?.inFlight.increment()
  }

  /// - Parameters:
  ///   - procedure: Nil for a call that named none, and never began.
  ///   - code: What the call failed with; nil for success.
  func record(_ procedure: Procedure?, _ code: ErrorCode?, nanoseconds: Int64) {
    let series = procedure.flatMap { self.procedures[$0] } ?? self.unknown
    if let code {
      series.errors[code]?.increment()
    } else {
      series.ok.increment()
    }
    series.duration.recordNanoseconds(nanoseconds)
    if procedure != nil { series.inFlight.decrement() }
  }
}
