internal import FoundationEssentials
internal import NIOCore

extension ByteBuffer {
  var base64: String { Data(self.readableBytesView).base64EncodedString() }
}
