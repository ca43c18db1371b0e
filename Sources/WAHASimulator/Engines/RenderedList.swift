internal import NIOCore

/// A list written once, of which any selection can be sent without writing it again.
struct RenderedList: Sendable {
  /// How the items are held together.
  enum Frame: Sendable {
    case array
    /// The items bring their keys along.
    case object
  }

  /// The whole list in its own order.
  let whole: ByteBuffer
  private let frame: Frame
  private let items: [Range<Int>]

  init<Element>(
    _ elements: [Element], frame: Frame, write: (Element, inout ByteBuffer) -> Void
  ) {
    var buffer = ByteBuffer()
    var items: [Range<Int>] = []
    items.reserveCapacity(elements.count)
    buffer.writeStaticString(frame == .array ? "[" : "{")
    for element in elements {
      if !items.isEmpty { buffer.writeStaticString(",") }
      let start = buffer.writerIndex
      write(element, &buffer)
      items.append(start..<buffer.writerIndex)
    }
    buffer.writeStaticString(frame == .array ? "]" : "}")
    self.whole = buffer
    self.frame = frame
    self.items = items
  }

  var count: Int { self.items.count }

  /// The items at these places, in this order.
  /// - Parameter isWhole: Whether these are all items in their own order, which needs no copy.
  func selection(_ places: some Collection<Int>, isWhole: Bool = false) -> ByteBuffer {
    guard !isWhole else { return self.whole }
    var buffer = ByteBuffer()
    buffer.reserveCapacity(places.reduce(2) { $0 + self.items[$1].count + 1 })
    buffer.writeStaticString(self.frame == .array ? "[" : "{")
    var isFirst = true
    for place in places {
      if !isFirst { buffer.writeStaticString(",") }
      isFirst = false
      let item = self.items[place]
      if let bytes = self.whole.getSlice(at: item.lowerBound, length: item.count) {
        buffer.writeImmutableBuffer(bytes)
      }
    }
    buffer.writeStaticString(self.frame == .array ? "]" : "}")
    return buffer
  }
}
