import CoreMetrics
import DirectoryService
import Foundation
import HTTP2
import SessionService
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
    let metrics = UpstreamMetrics(factory: registry, host: .default)
    metrics.record(.called(.lids, .milliseconds(2), .success))
    metrics.record(.called(.status, .seconds(3), .timedOut))
    metrics.record(.refused(.status))
    metrics.record(.entriesDropped(.contacts, 3))
    metrics.record(.entriesDropped(.contacts, 4))
    metrics.record(.listSkipped(.lids))
    let lines = Set(registry.text().split(separator: "\n").map(String.init))
    for line in [
      #"user_api_upstream_call_duration_seconds_count{host="default",call="lids"} 1"#,
      #"user_api_upstream_call_duration_seconds_bucket{host="default",call="lids",le="0.001"} 0"#,
      #"user_api_upstream_call_duration_seconds_bucket{host="default",call="lids",le="0.0025"} 1"#,
      #"user_api_upstream_calls_total{host="default",call="lids",outcome="2xx"} 1"#,
      #"user_api_upstream_calls_total{host="default",call="status",outcome="timeout"} 1"#,
      #"user_api_upstream_calls_total{host="default",call="status",outcome="breaker"} 1"#,
      #"user_api_upstream_calls_total{host="default",call="status",outcome="2xx"} 0"#,
      #"user_api_upstream_call_duration_seconds_count{host="default",call="status"} 1"#,
      "# TYPE user_api_upstream_entries_dropped_total counter",
      #"user_api_upstream_entries_dropped_total{host="default",list="contacts"} 7"#,
      #"user_api_upstream_entries_dropped_total{host="default",list="groups"} 0"#,
      #"user_api_upstream_lists_skipped_total{host="default",list="lids"} 1"#,
    ] {
      #expect(lines.contains(line), "\(line)")
    }
  }

  @Test func `calls are in flight from their beginning to their end`() {
    let registry = PrometheusRegistry()
    let metrics = CallMetrics(factory: registry)
    let line = #"user_api_calls_in_flight{procedure="getSessionQR"} "#
    for _ in 0..<3 { metrics.begin(.getSessionQR) }
    #expect(registry.text().contains(line + "3.0\n"))
    metrics.record(.getSessionQR, nil, nanoseconds: 1)
    metrics.record(.getSessionQR, .canceled, nanoseconds: 1)
    metrics.record(nil, .unimplemented, nanoseconds: 1)
    #expect(registry.text().contains(line + "1.0\n"))
  }

  @Test func `streams are counted while they are open, and by how they end before their time`() {
    let registry = PrometheusRegistry()
    let metrics = StreamMetrics(registry: registry)
    for _ in 0..<6 { metrics.opened() }
    for reason in [
      StreamCloseReason.finished, .reset(.cancel), .reset(.cancel),
      .reset(ErrorCode(rawValue: 0xffff_ffff)), .connectionLost,
    ] {
      metrics.closed(reason)
    }
    let lines = Set(registry.text().split(separator: "\n").map(String.init))
    for line in [
      "user_api_streams 1", #"user_api_streams_reset_total{code="cancel"} 2"#,
      #"user_api_streams_reset_total{code="other"} 1"#,
      #"user_api_streams_reset_total{code="connection_lost"} 1"#,
      #"user_api_streams_reset_total{code="no_error"} 0"#,
    ] {
      #expect(lines.contains(line), "\(line)")
    }
  }

  @Test func `pages are counted by where they come from, with the age of their list`() {
    let registry = PrometheusRegistry()
    let metrics = ListMetrics(factory: registry)
    metrics.record(.served(.contacts, fromMemory: true, age: .seconds(20)))
    metrics.record(.served(.contacts, fromMemory: false, age: .zero))
    metrics.record(.retried(.groups))
    metrics.record(.read(.groups, UserAPIError(.upstreamTimeout, "late")))
    let lines = Set(registry.text().split(separator: "\n").map(String.init))
    for line in [
      #"user_api_list_pages_total{list="contacts",from="memory"} 1"#,
      #"user_api_list_pages_total{list="contacts",from="waha"} 1"#,
      #"user_api_list_age_seconds_sum{list="contacts"} 20.0"#,
      #"user_api_list_retries_total{list="groups"} 1"#,
      #"user_api_list_reads_total{list="groups",code="deadline_exceeded"} 1"#,
    ] {
      #expect(lines.contains(line), "\(line)")
    }
  }

  @Test func `the process is described under the names that every exporter uses`() {
    let registry = PrometheusRegistry()
    ProcessMetrics.add(to: registry, maxFiles: 1_024)
    var values: [Substring: Double] = [:]
    for line in registry.text().split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: " ")
      values[parts[0]] = Double(parts[1])
    }
    #expect(values["process_max_fds"] == 1_024)
    for name in [
      "process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
      "process_open_fds", "process_threads",
    ] {
      #expect(values[Substring(name)] ?? 0 > 0, "\(name)")
    }
    let now = Date().timeIntervalSince1970
    let start = values["process_start_time_seconds"] ?? 0
    #expect(start > now - 86_400 && start <= now + 1)
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
