internal import CoreMetrics
internal import NIOConcurrencyHelpers

/// The metrics of this process, in the text format of Prometheus (version 0.0.4).
final class PrometheusRegistry: Sendable {
  private struct State {
    var counters: [MetricKey: PrometheusCounter] = [:]
    var gauges: [MetricKey: PrometheusGauge] = [:]
    var histograms: [MetricKey: PrometheusHistogram] = [:]
    var gaugeReadings: [MetricKey: @Sendable () -> Double] = [:]
    var counterReadings: [MetricKey: @Sendable () -> Double] = [:]
  }

  private let state = NIOLockedValueBox(State())

  init() {}

  /// Adds a gauge whose value is read when it is asked for.
  func addGauge(
    _ name: String, labels: [(String, String)] = [], _ reading: @escaping @Sendable () -> Int
  ) {
    self.addGauge(name, labels: labels) { Double(reading()) }
  }

  func addGauge(
    _ name: String, labels: [(String, String)] = [], _ reading: @escaping @Sendable () -> Double
  ) {
    self.state.withLockedValue {
      $0.gaugeReadings[MetricKey(name: name, labels: labels)] = reading
    }
  }

  func counter(_ name: String, labels: [(String, String)]) -> PrometheusCounter {
    self.metric(\.counters, name, labels) { PrometheusCounter() }
  }

  /// The same for a number that only grows.
  func addCounter(
    _ name: String, labels: [(String, String)] = [], _ reading: @escaping @Sendable () -> Double
  ) {
    self.state.withLockedValue {
      $0.counterReadings[MetricKey(name: name, labels: labels)] = reading
    }
  }

  /// Everything, sorted by name and labels.
  func text() -> String {
    let state = self.state.withLockedValue { $0 }
    var text = ""
    Self.write(state.counters, "counter", to: &text) { key, counter, text in
      text += "\(key) \(counter.value)\n"
    }
    Self.write(state.counterReadings, "counter", to: &text) { key, reading, text in
      text += "\(key) \(reading().asNumber)\n"
    }
    Self.write(state.gauges, "gauge", to: &text) { key, gauge, text in
      text += "\(key) \(gauge.value)\n"
    }
    Self.write(state.gaugeReadings, "gauge", to: &text) { key, reading, text in
      text += "\(key) \(reading().asNumber)\n"
    }
    Self.write(state.histograms, "histogram", to: &text) { key, histogram, text in
      histogram.write(as: key, to: &text)
    }
    return text
  }

  private static func write<Metric>(
    _ metrics: [MetricKey: Metric], _ type: String, to text: inout String,
    _ body: (MetricKey, Metric, inout String) -> Void
  ) {
    var last: String?
    for (key, metric) in metrics.sorted(by: { $0.key < $1.key }) {
      if key.name != last { text += "# TYPE \(key.name) \(type)\n" }
      last = key.name
      body(key, metric, &text)
    }
  }

  private func metric<Metric>(
    _ path: any (WritableKeyPath<State, [MetricKey: Metric]> & Sendable), _ label: String,
    _ dimensions: [(String, String)], _ make: () -> Metric
  ) -> Metric {
    let key = MetricKey(name: label, labels: dimensions)
    return self.state.withLockedValue { state in
      if let metric = state[keyPath: path][key] { return metric }
      let metric = make()
      state[keyPath: path][key] = metric
      return metric
    }
  }
}

extension PrometheusRegistry: MetricsFactory {
  func makeCounter(
    label: String, dimensions: [(String, String)]
  ) -> any CounterHandler {
    self.counter(label, labels: dimensions)
  }

  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    self.metric(\.gauges, label, dimensions) { PrometheusGauge() }
  }

  func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    self.metric(\.histograms, label, dimensions) { PrometheusHistogram() }
  }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    self.metric(\.histograms, label, dimensions) { PrometheusHistogram() }
  }

  // A metric lasts as long as the process: its series must not end while anyone draws it.
  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyMeter(_ handler: any MeterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}
}

extension Double {
  /// Without a fraction where there is none.
  fileprivate var asNumber: String {
    Int64(exactly: self).map { "\($0)" } ?? "\(self)"
  }
}
