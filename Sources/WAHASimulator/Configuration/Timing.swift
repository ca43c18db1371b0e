/// How long things take. The defaults suit a demo: quicker than the real server, same order.
package struct Timing: Sendable, Equatable {
  /// Time in `STARTING` before a code is shown or the connection stands. Default: 200 ms.
  package var startDelay = Duration.milliseconds(200)
  /// How long the first QR code is valid. Default: 60 s.
  package var firstCode = Duration.seconds(60)
  /// How long each further QR code is valid. Default: 20 s.
  package var nextCode = Duration.seconds(20)
  /// Codes shown before an unscanned session becomes `FAILED`. Default: 6.
  package var codeCount = 6
  /// How long after its first code a session is scanned by itself; nil: never. Default: 3 s.
  package var scanAfter: Duration? = .seconds(3)
  /// How long stop, restart, logout, delete and a changed config hold the session's lock.
  /// Default: 20 ms; the real server takes 3 s and more.
  package var operation = Duration.milliseconds(20)
  /// How long an operation queues for the lock before it fails. Default: 5 s.
  package var lockWait = Duration.seconds(5)
  /// How long a call waits for the status it needs before 422. Default: 10 s.
  package var statusWait = Duration.seconds(10)
  /// How long an unused connection stays open. Default: 5 s.
  package var keepAlive = Duration.seconds(5)
  /// How long a receiver of webhooks may take to answer before it is tried again. Default: 8 s.
  package var webhookPatience = Duration.seconds(8)

  package init() {}
}
