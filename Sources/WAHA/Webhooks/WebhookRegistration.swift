/// What is put into the configuration of a session that is made, so that WAHA tells of it.
package struct WebhookRegistration: Sendable {
  package var url: WebhookURL
  package var secret: WebhookSecret

  package init(url: WebhookURL, secret: WebhookSecret) {
    self.url = url
    self.secret = secret
  }
}

/// The same in WAHA's words. It holds the secret, and is made only to be encoded.
struct EncodedWebhook: Encodable {
  struct HMAC: Encodable {
    var key: String
  }

  /// 15 tries, 2 s apart: what is lost after that, polling finds.
  struct Retries: Encodable {
    var policy = "constant"
    var delaySeconds = 2
    var attempts = 15
  }

  var url: String
  var events = [WebhookEvent.sessionStatus]
  var hmac: HMAC
  var retries = Retries()

  init(_ registration: WebhookRegistration) {
    self.url = registration.url.text
    self.hmac = HMAC(key: registration.secret.rawValue)
  }
}
