internal import DirectoryService
internal import HTTP2
internal import NIOCore
internal import UserAPI

extension ConnectionLimits {
  init(_ reader: SettingsReader) throws(SettingsError) {
    self.init()
    func rate(_ name: String, _ value: inout RateLimit) throws(SettingsError) {
      value = try reader.value(
        name, default: value, "must be BURST/PER_SECOND, such as 500/50", RateLimit.init(text:))
    }
    func timeout(_ name: String, _ value: inout TimeAmount?) throws(SettingsError) {
      value = try reader.value(
        name, default: value, "must be a duration such as 10s, or 0s for none",
        { Duration(text: $0).map { $0 > .zero ? TimeAmount($0) : nil } })
    }
    self.maxConnections = try reader.count("USER_API_MAX_CONNECTIONS", self.maxConnections)
    self.maxConnectionsPerAddress = try reader.count(
      "USER_API_MAX_CONNECTIONS_PER_ADDRESS", self.maxConnectionsPerAddress)
    self.session.maxConcurrentStreams = UInt32(
      try reader.count("USER_API_MAX_STREAMS", Int(self.session.maxConcurrentStreams)))
    self.session.maxHeaderListSize = UInt32(
      try reader.size("USER_API_MAX_HEADER_LIST_SIZE", Int(self.session.maxHeaderListSize)))
    self.session.maxHeaderFields = try reader.count(
      "USER_API_MAX_HEADER_FIELDS", self.session.maxHeaderFields)
    self.session.floods.continuations = try reader.count(
      "USER_API_MAX_CONTINUATIONS", self.session.floods.continuations)
    self.maxBufferedBytesPerConnection = try reader.size(
      "USER_API_MAX_BUFFERED_PER_CONNECTION", self.maxBufferedBytesPerConnection)
    self.maxBufferedBytes = try reader.size("USER_API_MAX_BUFFERED", self.maxBufferedBytes)

    try rate("USER_API_RESET_LIMIT", &self.session.floods.resets)
    try rate("USER_API_PING_LIMIT", &self.session.floods.pings)
    try rate("USER_API_SETTINGS_LIMIT", &self.session.floods.settings)
    try rate("USER_API_PRIORITY_LIMIT", &self.session.floods.priorities)
    try rate("USER_API_WINDOW_UPDATE_LIMIT", &self.session.floods.windowUpdates)
    try rate("USER_API_SMALL_DATA_LIMIT", &self.session.floods.smallData)
    try rate("USER_API_UNKNOWN_FRAME_LIMIT", &self.session.floods.unknownFrames)

    try timeout("USER_API_HANDSHAKE_TIMEOUT", &self.timeouts.handshake)
    try timeout("USER_API_HEADER_TIMEOUT", &self.timeouts.header)
    try timeout("USER_API_IDLE_TIMEOUT", &self.timeouts.idle)
    try timeout("USER_API_KEEPALIVE_INTERVAL", &self.timeouts.keepaliveInterval)
    try timeout("USER_API_KEEPALIVE_TIMEOUT", &self.timeouts.keepaliveTimeout)
    try timeout("USER_API_WRITE_STALL_TIMEOUT", &self.timeouts.writeStall)
    try timeout("USER_API_MAX_CONNECTION_AGE", &self.timeouts.maxAge)
    try timeout("USER_API_MAX_CONNECTION_AGE_GRACE", &self.timeouts.maxAgeGrace)
  }
}

extension AdmissionLimits {
  init(_ reader: SettingsReader) throws(SettingsError) {
    self.init()
    func rate(_ name: String, _ value: inout RateLimit?) throws(SettingsError) {
      value = try reader.value(
        name, default: value, "must be BURST/PER_SECOND, such as 500/50, or none",
        { text -> RateLimit?? in text == "none" ? .some(nil) : RateLimit(text: text).map { $0 } })
    }
    try rate("USER_API_READ_LIMIT", &self.reads)
    try rate("USER_API_WRITE_LIMIT", &self.writes)
    try rate("USER_API_LIST_LIMIT", &self.lists)
    try rate("USER_API_FAILED_AUTH_LIMIT", &self.failures)
  }
}

extension CallLimits {
  init(_ reader: SettingsReader) throws(SettingsError) {
    self.init()
    self.maxMessageSize = try reader.size("USER_API_MAX_MESSAGE_SIZE", self.maxMessageSize)
    self.bodyTimeout = try reader.value(
      "USER_API_BODY_TIMEOUT", default: self.bodyTimeout,
      "must be a duration such as 20s, or 0s for none",
      { Duration(text: $0).map { $0 > .zero ? $0 : nil } })
  }
}

extension Directory.Configuration {
  init(_ reader: SettingsReader) throws(SettingsError) {
    self.init()
    self.freshAge = try reader.duration("USER_API_LIST_FRESH_AGE", self.freshAge)
    self.staleAge = try reader.duration("USER_API_LIST_STALE_AGE", self.staleAge)
    guard self.freshAge <= self.staleAge else {
      throw SettingsError(
        name: "USER_API_LIST_FRESH_AGE", problem: "must not be over USER_API_LIST_STALE_AGE")
    }
    self.maxReads = try reader.count("USER_API_LIST_READS", self.maxReads)
    self.maxSize = try reader.size("USER_API_MAX_SNAPSHOTS_SIZE", self.maxSize)
    self.maxSnapshotSize = try reader.size(
      "USER_API_MAX_SNAPSHOT_SIZE", min(self.maxSnapshotSize, self.maxSize))
    guard self.maxSnapshotSize <= self.maxSize else {
      throw SettingsError(
        name: "USER_API_MAX_SNAPSHOT_SIZE", problem: "must not be over USER_API_MAX_SNAPSHOTS_SIZE")
    }
  }
}

extension SettingsReader {
  fileprivate func duration(_ name: String, _ default: Duration) throws(SettingsError) -> Duration {
    try self.value(
      name, default: `default`, "must be a duration such as 30s or 10m", { Duration(text: $0) })
  }

  fileprivate func count(_ name: String, _ default: Int) throws(SettingsError) -> Int {
    try self.value(
      name, default: `default`, "must be a number from 1 to 1000000",
      { Int($0).flatMap { (1...1_000_000).contains($0) ? $0 : nil } })
  }

  func size(_ name: String, _ default: Int) throws(SettingsError) -> Int {
    try self.value(
      name, default: `default`, "must be a size from 1KiB to 1GiB, such as 16KiB or 1MiB",
      { Self.bytes($0).flatMap { ((1 << 10)...(1 << 30)).contains($0) ? $0 : nil } })
  }

  /// Reads a number of bytes, which may have a unit.
  private static func bytes(_ text: String) -> Int? {
    for (unit, shift) in [("KiB", 10), ("MiB", 20), ("GiB", 30)] where text.hasSuffix(unit) {
      let number = Int(text.dropLast(unit.count))
      return number.flatMap { $0 >> (62 - shift) == 0 ? $0 << shift : nil }
    }
    return Int(text)
  }
}

extension RateLimit {
  /// Reads `BURST/PER_SECOND`.
  fileprivate init?(text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let burst = parts[0], let perSecond = parts[1],
      (1...1_000_000).contains(burst), (1...1_000_000).contains(perSecond)
    else { return nil }
    self.init(burst: burst, perSecond: perSecond)
  }
}
