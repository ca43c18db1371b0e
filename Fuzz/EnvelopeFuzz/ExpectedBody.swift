internal import UserAPI

/// What a request's body means (proto-spec.md, section 4).
struct ExpectedBody {
  enum Outcome: Equatable {
    case message([UInt8])
    case refused(ErrorReason)
  }

  let outcome: Outcome
  /// How many bytes tell it; more than there are when it is the end that does.
  let decidedAt: Int

  init(_ bytes: [UInt8], isFramed: Bool, limit: Int, allowsEmpty: Bool) {
    (self.outcome, self.decidedAt) =
      isFramed
      ? Self.framed(ExpectedEnvelopes(bytes, limit: limit), allowsEmpty: allowsEmpty)
      : Self.bare(bytes, limit: limit, allowsEmpty: allowsEmpty)
  }

  private static func bare(_ bytes: [UInt8], limit: Int, allowsEmpty: Bool) -> (Outcome, Int) {
    if bytes.count > limit { return (.refused(.messageTooLarge), limit + 1) }
    return (bytes.isEmpty ? Self.empty(allowsEmpty) : .message(bytes), .max)
  }

  private static func framed(
    _ content: ExpectedEnvelopes, allowsEmpty: Bool
  ) -> (Outcome, Int) {
    for (index, envelope) in content.envelopes.enumerated() {
      if envelope.flags & 1 != 0 {
        return (.refused(.compressionUnsupported), content.ends[index])
      }
      if envelope.flags != 0 || index > 0 {
        return (.refused(.invalidEnvelope), content.ends[index])
      }
    }
    if let refusal = content.refusal { return (.refused(refusal), content.refusedAt) }
    guard content.isAtBoundary else { return (.refused(.invalidEnvelope), .max) }
    return (
      content.envelopes.first.map { .message($0.payload) } ?? Self.empty(allowsEmpty), .max
    )
  }

  private static func empty(_ isAllowed: Bool) -> Outcome {
    isAllowed ? .message(Array("{}".utf8)) : .refused(.invalidEnvelope)
  }
}
