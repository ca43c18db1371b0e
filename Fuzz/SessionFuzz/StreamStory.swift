internal import FuzzKit

/// What a stream may hear and when: headers first, one end, nothing after it is closed.
struct StreamStory {
  private var hasHeaders = false
  private var hasEnded = false
  private(set) var isClosed = false

  mutating func headers(endStream: Bool) {
    check(!self.isClosed, "headers of a closed stream")
    check(!self.hasEnded, "headers after the end")
    check(!self.hasHeaders || endStream, "trailers that end nothing")
    self.hasHeaders = true
    self.hasEnded = endStream
  }

  mutating func data() {
    check(self.hasHeaders, "data before headers")
    check(!self.hasEnded, "data after the end")
    check(!self.isClosed, "data of a closed stream")
  }

  mutating func end() {
    self.data()
    self.hasEnded = true
  }

  mutating func closed() {
    check(self.hasHeaders, "an end without a beginning")
    check(!self.isClosed, "a second end")
    self.isClosed = true
  }
}
