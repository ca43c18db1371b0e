internal import Foundation

/// What every exporter says of its process, under the names that the field has for it. Where there is
/// no `/proc` there are none.
enum ProcessMetrics {
  private struct Reading {
    var cpuSeconds: Double
    var threads: Double
    var startTime: Double
    var virtualBytes: Double
    var residentBytes: Double
  }

  /// - Parameter maxFiles: How many files and sockets it may have open.
  static func add(to registry: PrometheusRegistry, maxFiles: Int) {
    guard let first = self.read() else { return }
    registry.addCounter("process_cpu_seconds_total") { self.read()?.cpuSeconds ?? .nan }
    registry.addGauge("process_threads") { self.read()?.threads ?? .nan }
    registry.addGauge("process_start_time_seconds") { first.startTime }
    registry.addGauge("process_virtual_memory_bytes") { self.read()?.virtualBytes ?? .nan }
    registry.addGauge("process_resident_memory_bytes") { self.read()?.residentBytes ?? .nan }
    registry.addGauge("process_open_fds") {
      do {
        // Less the one that lists them.
        return Double(
          try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count - 1)
      } catch {
        return .nan
      }
    }
    registry.addGauge("process_max_fds") { Double(maxFiles) }
  }

  private static func read() -> Reading? {
    // `proc(5)`: what stands behind the program's name, which may hold anything.
    guard let stat = self.text("/proc/self/stat"), let name = stat.lastIndex(of: ")"),
      let uptime = self.text("/proc/uptime")?.split(separator: " ").first.flatMap({ Double($0) })
    else { return nil }
    let fields = stat[stat.index(after: name)...].split(separator: " ").map { Double($0) ?? 0 }
    guard fields.count > 21 else { return nil }
    let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
    let bootTime = Date().timeIntervalSince1970 - uptime
    return Reading(
      cpuSeconds: (fields[11] + fields[12]) / ticks, threads: fields[17],
      startTime: bootTime + fields[19] / ticks, virtualBytes: fields[20],
      residentBytes: fields[21] * Double(sysconf(Int32(_SC_PAGESIZE))))
  }

  private static func text(_ path: String) -> String? {
    guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
