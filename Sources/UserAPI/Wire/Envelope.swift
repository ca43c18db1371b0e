package import NIOCore

/// One length-prefixed message (proto-spec.md, section 4): flags, length, JSON.
package struct Envelope: Sendable, Equatable {
  package struct Flags: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    package static let compressed = Self(rawValue: 0x01)
    package static let endOfResponse = Self(rawValue: 0x02)

    static let known: Self = [.compressed, .endOfResponse]
  }

  /// Flags and length, in bytes.
  package static let headerSize = 5

  package var flags: Flags
  package var payload: ByteBuffer

  package init(flags: Flags = [], payload: ByteBuffer) {
    self.flags = flags
    self.payload = payload
  }
}

extension ByteBuffer {
  /// Appends an envelope whose JSON `body` writes.
  package mutating func writeEnvelope(
    flags: Envelope.Flags = [], _ body: (inout JSONWriter) -> Void
  ) {
    let start = self.writerIndex
    self.writeInteger(flags.rawValue)
    self.writeInteger(UInt32(0))
    var writer = JSONWriter(into: self)
    // The writer must be the only owner of the storage, or every byte of it is copied.
    self = ByteBuffer()
    body(&writer)
    self = writer.buffer
    let length = self.writerIndex - start - Envelope.headerSize
    self.setInteger(UInt32(length), at: start + 1)
  }
}
