internal import CGlibc
internal import Logging
internal import ServiceLifecycle

/// Gives memory that is free back to the system after a load. The allocator of glibc keeps what
/// many small pieces leave behind for as long as one of them lives above the rest, and a process
/// that has been attacked would look as large as at its worst for ever.
struct MemoryTrim: Service, CustomStringConvertible {
  /// How often it is looked at.
  private static let interval: Duration = .seconds(5)
  /// How much has to be free for it to be worth while, in bytes.
  private static let threshold = 8 << 20

  /// From this size on, in bytes, what is freed goes back by itself.
  private static let mapThreshold: Int32 = 128 << 10

  let logger: Logger

  init(logger: Logger) {
    self.logger = logger
    // Left to itself the allocator raises it to 32 MiB with the first long list that is freed.
    mallopt(M_MMAP_THRESHOLD, Self.mapThreshold)
  }

  /// What the service group calls it in its logs.
  var description: String { "memory trim" }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      // What is free counts also when it has been given back: only more of it is worth a look.
      var known = 0
      while true {
        do { try await Task.sleep(for: Self.interval) } catch { return }
        let free = Int(mallinfo2().fordblks)
        known = min(known, free)
        guard free - known >= Self.threshold else { continue }
        malloc_trim(0)
        known = free
        self.logger.debug("gave free memory back", metadata: ["free": "\(free)"])
      }
    }
  }
}
