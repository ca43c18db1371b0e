import CoreMetrics
import Testing
import UserAPI
import WAHA

@testable import UserAPIServer

@Suite struct MetricsTests {
  @Test func `calls are counted by procedure and code, and their durations fall into buckets`() {
    let registry = PrometheusRegistry()
    let metrics = CallMetrics(factory: registry)
    metrics.record(.getSessionStatus, nil, nanoseconds: 90_000)
    metrics.record(.getSessionStatus, .notFound, nanoseconds: 2_000_000)
    metrics.record(nil, .unimplemented, nanoseconds: 200_000_000_000)
    let lines = Set(registry.text().split(separator: "\n").map(String.init))
    let status = #"procedure="getSessionStatus""#
    for line in [
      "# TYPE user_api_calls_total counter",
      "user_api_calls_total{\(status),code=\"ok\"} 1",
      "user_api_calls_total{\(status),code=\"not_found\"} 1",
      "user_api_calls_total{\(status),code=\"internal\"} 0",
      #"user_api_calls_total{procedure="none",code="unimplemented"} 1"#,
      "# TYPE user_api_call_duration_seconds histogram",
      "user_api_call_duration_seconds_bucket{\(status),le=\"0.0001\"} 1",
      "user_api_call_duration_seconds_bucket{\(status),le=\"0.0025\"} 2",
      "user_api_call_duration_seconds_bucket{\(status),le=\"+Inf\"} 2",
      "user_api_call_duration_seconds_count{\(status)} 2",
      #"user_api_call_duration_seconds_bucket{procedure="none",le="120.0"} 0"#,
      #"user_api_call_duration_seconds_bucket{procedure="none",le="+Inf"} 1"#,
    ] {
      #expect(lines.contains(line), "\(line)")
    }
  }

  @Test func `calls of WAHA are timed, and what is not understood of its lists is counted`() {
    let registry = PrometheusRegistry()
    let metrics = UpstreamMetrics(factory: registry)
    metrics.record(.called(.lids, .milliseconds(2)))
    metrics.record(.entriesDropped(.contacts, 3))
    metrics.record(.entriesDropped(.contacts, 4))
    metrics.record(.listSkipped(.lids))
    let lines = Set(registry.text().split(separator: "\n").map(String.init))
    for line in [
      #"user_api_upstream_call_duration_seconds_count{call="lids"} 1"#,
      #"user_api_upstream_call_duration_seconds_bucket{call="lids",le="0.001"} 0"#,
      #"user_api_upstream_call_duration_seconds_bucket{call="lids",le="0.0025"} 1"#,
      "# TYPE user_api_upstream_entries_dropped_total counter",
      #"user_api_upstream_entries_dropped_total{list="contacts"} 7"#,
      #"user_api_upstream_entries_dropped_total{list="groups"} 0"#,
      #"user_api_upstream_lists_skipped_total{list="lids"} 1"#,
    ] {
      #expect(lines.contains(line), "\(line)")
    }
  }

  @Test func `a label's value is escaped`() {
    let registry = PrometheusRegistry()
    Counter(label: "c", dimensions: [("l", "a\"b\\c\nd")], factory: registry).increment(by: 3)
    #expect(registry.text() == "# TYPE c counter\nc{l=\"a\\\"b\\\\c\\nd\"} 3\n")
  }

  @Test func `the same label and dimensions are the same series`() {
    let registry = PrometheusRegistry()
    for _ in 0..<2 {
      Counter(label: "c", dimensions: [("l", "x")], factory: registry).increment()
    }
    #expect(registry.text().contains("c{l=\"x\"} 2\n"))
  }
}
