internal import CoreMetrics
internal import NIOConcurrencyHelpers
internal import Synchronization

/// A number that only grows.
final class PrometheusCounter: CounterHandler, Sendable {
  private let count = Atomic<Int64>(0)

  var value: Int64 { self.count.load(ordering: .relaxed) }

  func increment(by amount: Int64) {
    self.count.wrappingAdd(amount, ordering: .relaxed)
  }

  func reset() {
    self.count.store(0, ordering: .relaxed)
  }
}

/// A number that goes up and down.
final class PrometheusGauge: MeterHandler, Sendable {
  private let number = NIOLockedValueBox(0.0)

  var value: Double { self.number.withLockedValue { $0 } }

  func set(_ value: Int64) { self.set(Double(value)) }
  func set(_ value: Double) { self.number.withLockedValue { $0 = value } }
  func increment(by amount: Double) { self.number.withLockedValue { $0 += amount } }
  func decrement(by amount: Double) { self.number.withLockedValue { $0 -= amount } }
}

/// How often values fell into each of a row of buckets.
final class PrometheusHistogram: TimerHandler, RecorderHandler, Sendable {
  /// The upper bounds in seconds, from a call served from memory to the longest that is allowed.
  private static let bounds = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
    5, 10, 30, 60, 120,
  ]

  private struct State {
    var counts = [Int64](repeating: 0, count: PrometheusHistogram.bounds.count + 1)
    var sum = 0.0
  }

  private let state = NIOLockedValueBox(State())

  func recordNanoseconds(_ duration: Int64) {
    self.record(Double(duration) / 1e9)
  }

  func record(_ value: Int64) {
    self.record(Double(value))
  }

  func record(_ value: Double) {
    let bucket = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
    self.state.withLockedValue { state in
      state.counts[bucket] += 1
      state.sum += value
    }
  }

  func write(as key: MetricKey, to text: inout String) {
    let state = self.state.withLockedValue { $0 }
    var total: Int64 = 0
    for (bound, count) in zip(Self.bounds, state.counts) {
      total += count
      text += "\(key.series("_bucket", ("le", "\(bound)"))) \(total)\n"
    }
    total += state.counts.last ?? 0
    text += "\(key.series("_bucket", ("le", "+Inf"))) \(total)\n"
    text += "\(key.series("_sum")) \(state.sum)\n"
    text += "\(key.series("_count")) \(total)\n"
  }
}
