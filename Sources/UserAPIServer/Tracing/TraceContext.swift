/// Where something stands in a trace, as `traceparent` and `tracestate` say it (W3C Trace Context).
struct TraceContext: Sendable, Hashable {
  /// The longest `tracestate` that is passed on, in bytes.
  private static let maximumStateSize = 512

  /// 32 hexadecimal digits, not all of them zero.
  let traceID: String
  /// 16 hexadecimal digits, not all of them zero.
  let spanID: String
  /// Two hexadecimal digits.
  let flags: String
  /// What others have put beside it; nil for nothing.
  let state: String?

  private init(traceID: String, spanID: String, flags: String, state: String?) {
    self.traceID = traceID
    self.spanID = spanID
    self.flags = flags
    self.state = state
  }

  /// Begins a trace, of which nobody has said yet whether it is recorded.
  static func root() -> TraceContext {
    TraceContext(
      traceID: Self.randomDigits() + Self.randomDigits(), spanID: Self.randomDigits(), flags: "00",
      state: nil)
  }

  /// Reads the headers. Nil for a `traceparent` that is none; of a version that is not known yet, what
  /// stands where version 00 has it.
  init?(parent: String, state: String?) {
    let bytes = Array(parent.utf8)
    func digits(_ range: Range<Int>) -> String? {
      let part = bytes[range]
      let isHexadecimal = part.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
      return isHexadecimal ? String(decoding: part, as: UTF8.self) : nil
    }
    func isZero(_ text: String) -> Bool { text.utf8.allSatisfy { $0 == UInt8(ascii: "0") } }
    let dash = UInt8(ascii: "-")
    guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
      let version = digits(0..<2), version != "ff", let traceID = digits(3..<35), !isZero(traceID),
      let spanID = digits(36..<52), !isZero(spanID), let flags = digits(53..<55),
      bytes.count == 55 || (version != "00" && bytes[55] == dash)
    else { return nil }
    self.init(
      traceID: traceID, spanID: spanID, flags: flags,
      state: state.flatMap { Self.isState($0) ? $0 : nil })
  }

  /// The same for what comes out of this one.
  func child() -> TraceContext {
    TraceContext(
      traceID: self.traceID, spanID: Self.randomDigits(), flags: self.flags, state: self.state)
  }

  /// The value of `traceparent`.
  var parent: String { "00-\(self.traceID)-\(self.spanID)-\(self.flags)" }

  private static func isState(_ text: String) -> Bool {
    (1...Self.maximumStateSize).contains(text.utf8.count)
      && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
  }

  /// 16 hexadecimal digits.
  private static func randomDigits() -> String {
    let text = String(UInt64.random(in: 1 ... .max), radix: 16)
    return String(repeating: "0", count: 16 - text.utf8.count) + text
  }
}
