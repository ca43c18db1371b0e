/// One session as the server keeps it.
struct Session: Sendable {
  let name: String
  /// Tells two sessions of one name apart, so that a re-created one shows other codes.
  let serial: Int
  /// Nil when none was ever given.
  var config: JSON? {
    didSet { self.hooks = Webhook.all(in: self.config) }
  }
  /// Where its events go, as the config says.
  private(set) var hooks: [Webhook]
  var machine: SessionMachine
  /// Set while the engine is dead though the status does not say so.
  var death: EngineDeath?
  /// The last code to type that was given; only that one links.
  var pairingCode: PairingCode?
  /// What the latest timer was set for.
  private var wakeAt: ContinuousClock.Instant?

  init(name: String, serial: Int, config: JSON?, machine: SessionMachine) {
    self.name = name
    self.serial = serial
    self.config = config
    self.hooks = Webhook.all(in: config)
    self.machine = machine
  }

  /// The next deadline, unless a timer is set for it already.
  mutating func takeNewDeadline() -> ContinuousClock.Instant? {
    let deadline = self.machine.nextDeadline
    guard deadline != self.wakeAt else { return nil }
    self.wakeAt = deadline
    return deadline
  }

  /// NOWEB keeps contacts only when its store was asked for.
  var hasStore: Bool {
    self.config?["noweb"]?["store"]?["enabled"] == .bool(true)
  }

  /// What the QR code on show says: `2@…,…,…,…`, 237 characters.
  var codeText: String {
    Self.codeText(of: self.name, session: self.serial, code: self.machine.codeSerial)
  }

  /// - Parameters:
  ///   - session: The serial of the session.
  ///   - code: The serial of the code.
  static func codeText(of name: String, session: Int, code: Int) -> String {
    var random = SplitMix64(
      seed: name.utf8.reduce(UInt64(session)) { $0 &* 31 &+ UInt64($1) }
        &+ UInt64(code) &* 0x9E37_79B9)
    let parts = [100, 43, 43, 42].map { random.nextText(length: $0) + "=" }
    return "2@" + parts.joined(separator: ",")
  }
}
