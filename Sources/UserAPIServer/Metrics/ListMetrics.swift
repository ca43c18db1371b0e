internal import CoreMetrics
internal import DirectoryService
internal import UserAPI

/// `user_api_list_reads_total{list,code}`: lists of groups and contacts that were read from WAHA.
struct ListMetrics: Sendable {
  private struct Series: Hashable, Sendable {
    var list: Directory.List
    /// Nil for a read that did not fail.
    var code: ErrorCode?
  }

  private let reads: [Series: Counter]

  init(factory: any MetricsFactory) {
    var reads: [Series: Counter] = [:]
    for list in Directory.List.allCases {
      for code in [nil] + ErrorCode.all.map(Optional.some) {
        reads[Series(list: list, code: code)] = Counter(
          label: "user_api_list_reads_total",
          dimensions: [("list", list.rawValue), ("code", code?.rawValue ?? "ok")],
          factory: factory)
      }
    }
    self.reads = reads
  }

  func record(_ list: Directory.List, _ code: ErrorCode?) {
    self.reads[Series(list: list, code: code)]?.increment()
  }
}
