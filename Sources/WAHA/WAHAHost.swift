package import SessionService

/// A host with a WAHA.
package struct WAHAHost: Sendable, Equatable {
  package var name: HostName
  package var url: UpstreamURL
  /// How many sessions are placed there at most; nil for any number.
  package var capacity: Int?

  package init(name: HostName, url: UpstreamURL, capacity: Int? = nil) {
    self.name = name
    self.url = url
    self.capacity = capacity
  }

  /// How many hosts there may be: each has threads of its own.
  package static let maximum = 32
  private static let maximumCapacity = 1_000_000

  /// The hosts that `WAHA_API_URL` names: by a URL, which is that of the host `default`, or by
  /// entries `name=url` or `name=url,capacity=N` with white space between them.
  ///
  /// - Throws: ``WAHAHostsError``, which says which entry is wrong, and nothing of its URL.
  package static func list(_ text: String) throws(WAHAHostsError) -> [WAHAHost] {
    // No name has a colon in it.
    if !text.contains("=") || text.hasPrefix("http://") || text.hasPrefix("https://") {
      guard let url = UpstreamURL(text) else {
        throw WAHAHostsError(
          problem: Self.urlRule + ", or hosts, each as name=url or name=url,capacity=N")
      }
      return [WAHAHost(name: .default, url: url)]
    }
    let entries = text.split(whereSeparator: \.isWhitespace)
    guard (1...Self.maximum).contains(entries.count) else {
      throw WAHAHostsError(problem: "must name 1 to \(Self.maximum) hosts")
    }
    var hosts: [WAHAHost] = []
    for (index, entry) in entries.enumerated() {
      let host = try Self.host(entry, number: index + 1)
      guard !hosts.contains(where: { $0.name == host.name }) else {
        throw WAHAHostsError(
          problem: "entry \(index + 1) (\(host.name)) has the name of one before it")
      }
      hosts.append(host)
    }
    return hosts
  }

  private static let urlRule = "must be an http or https URL without credentials and query"

  private static func host(
    _ entry: Substring, number: Int
  ) throws(WAHAHostsError) -> WAHAHost {
    let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let name = HostName(String(parts[0])) else {
      throw WAHAHostsError(
        problem: "entry \(number) must be name=url or name=url,capacity=N, with a name of 1 to 32 "
          + "of a-z, 0-9 and -")
    }
    let values = parts[1].split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
    guard let url = UpstreamURL(String(values[0])) else {
      throw WAHAHostsError(problem: "the URL of entry \(number) (\(name)) \(Self.urlRule)")
    }
    guard values.count == 2 else { return WAHAHost(name: name, url: url) }
    guard values[1].hasPrefix("capacity="),
      let capacity = Self.number(values[1].dropFirst("capacity=".count)),
      capacity <= Self.maximumCapacity
    else {
      throw WAHAHostsError(
        problem: "what follows the URL of entry \(number) (\(name)) must be capacity=N, with a "
          + "number from 0 to \(Self.maximumCapacity)")
    }
    return WAHAHost(name: name, url: url, capacity: capacity)
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
  }
}

extension HostPlacement {
  package init(_ hosts: [WAHAHost]) {
    self.init(hosts: hosts.map { Host(name: $0.name, capacity: $0.capacity) })
  }
}

/// What is wrong with a `WAHA_API_URL`.
package struct WAHAHostsError: Error, Equatable {
  package var problem: String
}
