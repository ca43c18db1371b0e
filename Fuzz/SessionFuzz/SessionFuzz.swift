internal import FuzzKit
internal import NIOCore

/// A server's end of a connection that reads whatever comes: bytes as they are, or frames made of
/// them. The session tells the same however the bytes are cut; the handler tells every stream a
/// story that makes sense, and what it writes is HTTP/2.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(data, count)
  let choices = input.byte()
  let seed = input.byte()
  var steps: [FrameScript.Step] = []
  if choices & 0x1 == 0 {
    steps = [.read(input.remainder())]
  } else {
    steps = [.read(preface)]
    var script = FrameScript(input)
    while let step = script.next() { steps.append(step) }
  }
  if choices & 0x2 == 0 {
    var bytes = ByteBuffer()
    for case .read(let more) in steps { bytes.writeImmutableBuffer(more) }
    SessionTranscript.check(bytes, seed: seed)
  } else {
    ServerFuzz(choices).run(steps, cut: Cut.allCases[Int(choices >> 2 & 0x3) % 3], seed: seed)
  }
  return 0
}
