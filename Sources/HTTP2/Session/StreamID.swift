/// The identifier of a stream (RFC 9113, section 5.1.1). Clients open odd ones; 0 is the
/// connection itself and never names a stream here.
package struct StreamID: RawRepresentable, Hashable, Sendable {
  package let rawValue: Int32

  package init(rawValue: Int32) {
    self.rawValue = rawValue
  }
}

extension StreamID: CustomStringConvertible {
  package var description: String { "\(self.rawValue)" }
}
