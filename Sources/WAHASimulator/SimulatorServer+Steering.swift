/// The control calls for tests in the same process.
extension SimulatorServer {
  /// Scans the code that a session shows.
  /// - Returns: False when it shows none.
  @discardableResult
  package func scan(_ name: String) -> Bool { self.simulator.scan(name) == .scanned }

  /// Puts a session into any status, known or not, and cancels what was to happen next.
  /// - Returns: False when there is no such session.
  @discardableResult
  package func setStatus(_ name: String, to status: String) -> Bool {
    self.simulator.setStatus(name, to: status)
  }

  /// Drops a session as if it had never been.
  /// - Returns: False when there was no such session.
  @discardableResult
  package func forget(_ name: String) -> Bool { self.simulator.forget(name) }

  /// Drops every session.
  package func forgetAll() { self.simulator.forgetAll() }

  /// The status of a session; nil when there is none of that name.
  package func status(of name: String) -> String? { self.simulator.session(name)?.machine.status }

  /// Links a session as a scan does.
  /// - Parameter code: What the last call for a code to type was given.
  /// - Returns: False when it is not that one, or the session waits for none.
  package func pair(_ name: String, with code: String) -> Bool {
    self.simulator.pair(name, with: code) == .paired
  }

  /// Lets a session say `WORKING` while its engine answers nothing sensible. Nil ends that, and so
  /// does whatever stops the session.
  /// - Returns: False when there is no such session, or it is not `WORKING`.
  @discardableResult
  package func setDeath(_ name: String, to death: EngineDeath?) -> Bool {
    self.simulator.setDeath(name, to: death) == .done
  }

  /// Sends a session through these statuses and back to where it is.
  /// - Parameter each: How long each of them lasts.
  /// - Returns: False when there is no such session, or it does not run.
  @discardableResult
  package func flap(_ name: String, through statuses: [String], each: Duration) -> Bool {
    self.simulator.flap(name, through: statuses, each: each) == .begun
  }

  /// Every status and code since the first session of this name, deleted ones too: the latest
  /// 10,000, the oldest first. Nil when there never was one.
  package func history(of name: String) -> [History.Entry]? { self.simulator.history(of: name) }

  /// Says how well webhooks go from now on.
  package func steerWebhooks(_ steering: WebhookSteering) {
    self.simulator.courier.steer(steering)
  }

  /// What became of the webhooks since the counters were cleared: how many, how many are neither
  /// delivered nor given up, and the last 10,000, the oldest first.
  package func webhooks() -> (
    counters: WebhookCounters, pending: Int, deliveries: [DeliveryRecord]
  ) {
    let (_, counters, pending, deliveries) = self.simulator.courier.report
    return (counters, pending, deliveries)
  }

  package func clearWebhooks() { self.simulator.courier.clear() }

  /// Adds a fault behind those in force: the first that matches a request is the one it gets.
  package func addFault(_ fault: Fault) { self.simulator.faults.add(fault) }

  package func clearFaults() { self.simulator.faults.clear() }

  /// The last 10,000 requests, the oldest first. Control calls are not among them.
  package func requests() -> [RecordedRequest] { self.simulator.log.requests() }

  /// How many requests came in since the log was cleared.
  /// - Parameters:
  ///   - method: Nil counts every method.
  ///   - path: What the path with its query has to begin with.
  package func requestCount(
    method: String? = nil, path: String = ""
  ) -> (requests: Int, aborted: Int) {
    self.simulator.log.count(method: method, path: path)
  }

  package func clearRequests() { self.simulator.log.clear() }

  /// Changes the engine, and the version unless it is nil. Sessions keep their state.
  package func setEngine(_ engine: Engine, version: ServerVersion? = nil) {
    self.simulator.setEngine(engine, version: version)
  }

  /// Puts a newly generated address book in place.
  package func setAddressBook(_ plan: AddressBookPlan) {
    self.simulator.setAddressBook(.generated(plan))
  }

  /// Puts exactly these groups and contacts in place.
  package func setAddressBook(groups: [Group], contacts: [Contact]) {
    self.simulator.setAddressBook(AddressBook(groups: groups, contacts: contacts))
  }

  /// The address book as no engine writes it.
  package func truth() -> AddressBook { self.simulator.setup.book }
}
