internal import CoreMetrics
internal import DirectoryService
internal import UserAPI

/// `user_api_list_reads_total{list,code}` and `user_api_list_retries_total{list}`: lists of groups and
/// contacts that were read from WAHA. `user_api_list_pages_total{list,from}` and
/// `user_api_list_age_seconds{list}`: what was served of them, and how old it was.
struct ListMetrics: Sendable {
  private struct Series: Hashable, Sendable {
    var list: Directory.List
    /// Nil for a read that did not fail.
    var code: ErrorCode?
  }

  private struct Pages: Sendable {
    let fromMemory: Counter
    let fromWAHA: Counter
    let age: CoreMetrics.Timer
    let retries: Counter
  }

  private let reads: [Series: Counter]
  private let pages: [Directory.List: Pages]

  init(factory: any MetricsFactory) {
    var reads: [Series: Counter] = [:]
    var pages: [Directory.List: Pages] = [:]
    for list in Directory.List.allCases {
      let name = ("list", list.rawValue)
      func counter(_ from: String) -> Counter {
        Counter(
          label: "user_api_list_pages_total", dimensions: [name, ("from", from)], factory: factory)
      }
      pages[list] = Pages(
        fromMemory: counter("memory"), fromWAHA: counter("waha"),
        age: CoreMetrics.Timer(
          label: "user_api_list_age_seconds", dimensions: [name], factory: factory),
        retries: Counter(
          label: "user_api_list_retries_total", dimensions: [name], factory: factory))
      for code in [nil] + ErrorCode.all.map(Optional.some) {
        reads[Series(list: list, code: code)] = Counter(
          label: "user_api_list_reads_total",
          dimensions: [("list", list.rawValue), ("code", code?.rawValue ?? "ok")],
          factory: factory)
      }
    }
    self.reads = reads
    self.pages = pages
  }

  func record(_ event: Directory.Event) {
    switch event {
    case .served(let list, let fromMemory, let age):
      guard let pages = self.pages[list] else { return }
      (fromMemory ? pages.fromMemory : pages.fromWAHA).increment()
      pages.age.recordNanoseconds(Int64(age / .nanoseconds(1)))
    case .retried(let list): self.pages[list]?.retries.increment()
    case .read(let list, let error):
      self.reads[Series(list: list, code: error?.code)]?.increment()
    }
  }
}
