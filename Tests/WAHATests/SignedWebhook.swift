import Crypto
import UserAPI
import WAHA

/// Makes webhooks as WAHA does.
enum SignedWebhook {
  static let secret = "0123456789abcdef"

  /// When the events of these tests happened.
  static let moment = Timestamp(millisecondsSinceEpoch: 1_769_850_300_000)

  static func body(
    event: String = "session.status", id: String? = "evt_1", at: Timestamp? = moment,
    session: String = "s_test", status: String = "WORKING"
  ) -> String {
    var members: [String] = []
    if let id { members.append(#""id":"\#(id)""#) }
    if let at { members.append(#""timestamp":\#(at.millisecondsSinceEpoch)"#) }
    members.append(#""event":"\#(event)","session":"\#(session)","metadata":{"user.id":"1"}"#)
    members.append(#""me":{"id":"15551234567@c.us"}"#)
    members.append(
      #""payload":{"name":"\#(session)","status":"\#(status)","statuses":[{"status":"STARTING"}]}"#)
    return "{" + members.joined(separator: ",") + "}"
  }

  static func make(
    _ body: String = body(), secret: String = secret, requestID: String? = nil,
    timestamp: Timestamp? = nil
  ) -> Webhook {
    Webhook(
      hmac: self.hmac(body, secret: secret), algorithm: "sha512",
      timestamp: timestamp.map { "\($0.millisecondsSinceEpoch)" }, requestID: requestID,
      body: Array(body.utf8))
  }

  static func hmac(_ body: String, secret: String = secret) -> String {
    let code = HMAC<SHA512>.authenticationCode(
      for: Array(body.utf8), using: SymmetricKey(data: Array(secret.utf8)))
    return code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension Timestamp {
  func later(by seconds: Int64, _ milliseconds: Int64 = 0) -> Timestamp {
    Timestamp(
      millisecondsSinceEpoch: self.millisecondsSinceEpoch + seconds * 1_000 + milliseconds)
  }
}
