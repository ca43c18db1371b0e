import Foundation

/// An event of `watchSession`, as a client has it.
struct LiveEvent: Equatable, CustomStringConvertible {
  var seq: Int
  /// In milliseconds since 1970.
  var at: Int
  var status: String
  var reported: String
  var reason: String?
  /// The text of the QR code.
  var code: String?

  init(
    seq: Int, at: Int, status: String, reported: String? = nil, reason: String? = nil,
    code: String? = nil
  ) {
    self.seq = seq
    self.at = at
    self.status = status
    self.reported = reported ?? status
    self.reason = reason
    self.code = code
  }

  /// Nil for JSON that is no event.
  init?(_ json: JSON) {
    guard case .number(let seq)? = json["seq"], let status = json["status"]?.text,
      let reported = json["reported"]?.text, let at = json["at"]?.text,
      let date = Self.date(at)
    else { return nil }
    self.init(
      seq: Int(seq), at: Int((date.timeIntervalSince1970 * 1_000).rounded()), status: status,
      reported: reported, reason: json["reason"]?.text, code: json["qr"]?.text)
  }

  private static func date(_ text: String) -> Date? {
    let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    do { return try format.parse(text) } catch { return nil }
  }

  var description: String {
    "\(self.status) of \(self.at), number \(self.code?.suffix(6) ?? "none")"
      + (self.reason.map { ", \($0)" } ?? "")
  }

  /// Whether it tells the same. What WAHA said last, and when a session was last seen to work, is
  /// newer for one who comes later.
  func tellsTheSame(as other: LiveEvent) -> Bool {
    self.seq == other.seq && self.at == other.at && self.status == other.status
      && self.code == other.code
  }
}

/// What the simulator notes of a session.
struct LiveHistoryEntry: Equatable, CustomStringConvertible {
  /// Nil: it was deleted.
  var status: String?
  /// In milliseconds since 1970.
  var at: Int
  var code: String?

  init(_ status: String?, at: Int, code: String? = nil) {
    self.status = status
    self.at = at
    self.code = code
  }

  var description: String {
    "\(self.status ?? "deleted") of \(self.at), number \(self.code?.suffix(6) ?? "none")"
  }

  /// Nil for JSON that is no entry.
  init?(_ json: JSON) {
    guard case .number(let at)? = json["atMs"] else { return nil }
    self.init(json["status"]?.text, at: Int(at), code: json["code"]?["text"]?.text)
  }
}
