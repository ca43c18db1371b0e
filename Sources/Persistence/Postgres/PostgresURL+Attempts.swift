extension PostgresURL {
  /// What every connection is made with, unless the URL says otherwise.
  private static let defaults = [
    // So that a server's host that has gone without a word is noticed.
    "keepalives": "1", "keepalives_idle": "10", "keepalives_interval": "2",
    "keepalives_count": "3", "tcp_user_timeout": "5000",
    // It is asked for in a URL by the few who have it, and looking for it takes its time.
    "gssencmode": "disable",
    "fallback_application_name": "user-api-server",
  ]

  /// What to connect with, one after the other until one succeeds: the hosts in their order.
  ///
  /// libpq goes through the hosts of a URL by itself, but without a bound on how long it is at one of
  /// them; each of these has one of its own. A host that has several addresses counts as one.
  var attempts: [[String: String]] {
    var common = Self.defaults.merging(self.options) { $1 }
    // All texts go both ways in it.
    common["client_encoding"] = "UTF8"
    let hosts = self.hosts(common)
    guard common["target_session_attrs"] == "prefer-standby" else { return hosts }
    return ["standby", "any"].flatMap { wanted in
      hosts.map { $0.merging(["target_session_attrs": wanted]) { $1 } }
    }
  }

  private func hosts(_ common: [String: String]) -> [[String: String]] {
    let hosts = Self.list(common["host"])
    let addresses = Self.list(common["hostaddr"])
    let ports = Self.list(common["port"])
    let count = max(hosts.count, addresses.count)
    guard count > 1 else { return [common] }
    return (0..<count).map { index in
      var host = common
      func set(_ name: String, _ values: [String]) {
        if let value = values.count == 1 ? values[0] : values.isEmpty ? nil : values[index] {
          host[name] = value.isEmpty ? nil : value
        }
      }
      set("host", hosts)
      set("hostaddr", addresses)
      set("port", ports)
      return host
    }
  }

  /// How long one of the ``attempts`` may take; nil when the URL does not say.
  var connectTimeout: Duration? {
    self.options["connect_timeout"].flatMap { Int32($0) }.flatMap { $0 > 0 ? .seconds($0) : nil }
  }
}
