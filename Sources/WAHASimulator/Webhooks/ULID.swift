/// A ULID: 48 bits of time and 80 of chance, so that ids sort by their time. Those of one
/// millisecond are in no order, as the real server's are.
package struct ULID: Sendable, Equatable, CustomStringConvertible {
  /// 26 digits of Crockford's alphabet in lower case.
  package let description: String

  /// - Parameter milliseconds: Since 1970.
  package init(at milliseconds: Int, using generator: inout some RandomNumberGenerator) {
    let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
    let time = UInt64(clamping: milliseconds) & 0xFFFF_FFFF_FFFF
    var digits = (0..<10).map { alphabet[Int(time >> UInt64(45 - 5 * $0) & 31)] }
    for _ in 0..<16 { digits.append(alphabet[Int.random(in: 0..<32, using: &generator)]) }
    self.description = String(digits)
  }
}
