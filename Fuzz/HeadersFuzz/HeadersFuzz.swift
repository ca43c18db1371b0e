internal import FuzzKit
internal import NIOCore
internal import UserAPI

/// The headers of a request, any names with any values: read without a crash, the first of a name
/// counts and others do not, and every refusal is one that proto-spec.md knows.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(data, count)
  var pairs: [(name: String, value: String)] = []
  while !input.isEmpty {
    let choice = Int(input.byte())
    let name = choice < names.count ? names[choice] : input.string()
    pairs.append((name, input.string()))
  }
  let result = CallHead.read(fields(of: pairs))
  switch result {
  case .success(let head):
    check(value(":method", in: pairs) == "POST", "a method other than POST")
    check(value(":path", in: pairs) == head.procedure.path, "another procedure")
    check(
      value("content-type", in: pairs)?.lowercased().contains(head.contentType.rawValue) == true,
      "another content type")
    check(
      head.timeout.map { (.zero ... .milliseconds(9_999_999_999)).contains($0) } ?? true,
      "a timeout of \(String(describing: head.timeout))")
    check(
      (head.timeout == nil) == (value("connect-timeout-ms", in: pairs) == nil), "no timeout")
  case .failure(let refusal):
    check(reasons.contains(refusal.error.reason), "\(refusal.error.reason)")
    check(ErrorCode.all.contains(refusal.error.code), "\(refusal.error.code)")
    let encoder = ResponseEncoder(contentType: refusal.contentType)
    check(
      refusal.contentType == .connect
        ? encoder.status(for: refusal.error) == 200
        : (400..<500).contains(encoder.status(for: refusal.error))
          || encoder.status(for: refusal.error) == 501,
      "the status \(encoder.status(for: refusal.error))")
    checkBody(encoder.end(refusal.error), isFramed: refusal.contentType.isFramed)
  }
  // Neither what comes again nor what nobody knows changes anything.
  let noisy = pairs.flatMap { [("x-unknown", $0.value), $0, ($0.name, "application/json")] }
  check(isSame(result, CallHead.read(fields(of: noisy))), "a later header counts")
  return 0
}

private let names = [
  ":method", ":path", "content-type", "content-encoding", "connect-content-encoding",
  "connect-timeout-ms", "authorization", ":authority", ":scheme", "accept-encoding",
]

private let reasons: Set<ErrorReason> = [
  .methodNotAllowed, .unsupportedContentType, .unknownProcedure, .compressionUnsupported,
  .invalidTimeout,
]

private func fields(of pairs: [(name: String, value: String)]) -> CallHead.Fields {
  var fields = CallHead.Fields()
  for (name, value) in pairs { fields.add(name, value) }
  return fields
}

private func value(_ name: String, in pairs: [(name: String, value: String)]) -> String? {
  pairs.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
}

private func checkBody(_ body: ByteBuffer, isFramed: Bool) {
  do throws(UserAPIError) {
    var json = body
    if isFramed {
      var decoder = EnvelopeDecoder(maximumLength: 1 << 20)
      decoder.append(body)
      guard let envelope = try decoder.next(), decoder.isAtBoundary else {
        return check(false, "the refusal is no envelope")
      }
      check(envelope.flags == .endOfResponse, "the refusal does not end the response")
      json = envelope.payload
    }
    _ = try JSONReader.readObject(json)
  } catch {
    check(false, "the refusal is no JSON")
  }
}

private func isSame(
  _ one: Result<CallHead, CallHead.Refusal>, _ other: Result<CallHead, CallHead.Refusal>
) -> Bool {
  switch (one, other) {
  case (.success(let one), .success(let other)): one == other
  case (.failure(let one), .failure(let other)): one.error == other.error
  default: false
  }
}
