/// Everything a simulator is told before it starts.
package struct SimulatorConfiguration: Sendable {
  /// The address to bind. Default: `127.0.0.1`.
  package var host = "127.0.0.1"
  /// The port to bind; 0 takes a free one. Default: 0.
  package var port = 0
  /// The key that callers must send; nil leaves the server open. Default: nil.
  package var apiKey: String?
  package var engine = Engine.webjs
  package var version = ServerVersion.latest
  package var timing = Timing()
  package var addressBook = AddressBookPlan()

  package init() {}

  package init(
    engine: Engine, version: ServerVersion = .latest, timing: Timing = Timing(),
    addressBook: AddressBookPlan = AddressBookPlan()
  ) {
    self.engine = engine
    self.version = version
    self.timing = timing
    self.addressBook = addressBook
  }
}
