internal import ArgumentParser
internal import WAHASimulator

/// What can be said on the command line.
struct Options: ParsableArguments {
  @Option(help: "Address and port to listen on; port 0 takes a free one.")
  var listen = ListenAddress(host: "127.0.0.1", port: 3000)

  @Option(help: "The key callers must send. Default: WAHA_API_KEY, or none.")
  var apiKey: String?

  @Option(help: "WEBJS, NOWEB or GOWS.")
  var engine = Engine.webjs

  @Option(help: "The version to answer as.")
  var serverVersion = ServerVersion.latest

  @Option(help: "Groups in the address book.")
  var groups = AddressBookPlan().groups

  @Option(help: "Entries in the contact list.")
  var contacts = AddressBookPlan().contacts

  @Option(help: "Participants of each group.")
  var participants = AddressBookPlan().participants

  @Option(help: "Makes another address book.")
  var seed = AddressBookPlan().seed

  @Option(help: "Time in STARTING.")
  var startDelay = DurationArgument(Timing().startDelay)

  @Option(help: "How long the first QR code is valid.")
  var qrFirst = DurationArgument(Timing().firstCode)

  @Option(help: "How long each further QR code is valid.")
  var qrNext = DurationArgument(Timing().nextCode)

  @Option(help: "QR codes shown before a session becomes FAILED.")
  var qrCount = Timing().codeCount

  @Option(help: "How long a call waits for the status it needs.")
  var qrWait = DurationArgument(Timing().statusWait)

  @Option(help: "When a code is scanned by itself, or never.")
  var scanAfter = ScanArgument(after: Timing().scanAfter)

  @Option(help: "How long stop, restart, logout and delete hold a session's lock.")
  var operationTime = DurationArgument(Timing().operation)

  @Option(help: "How long an operation queues for the lock.")
  var lockWait = DurationArgument(Timing().lockWait)

  @Option(help: "How long a receiver of webhooks may take to answer.")
  var webhookPatience = DurationArgument(Timing().webhookPatience)

  @Option(
    help: """
      Asks a simulator whether it answers, by its URL, such as http://127.0.0.1:3000, and ends: with \
      0 if it does within 2 s.
      """)
  var health: String?

  func validate() throws {
    guard self.health.map({ HealthProbe($0) != nil }) ?? true else {
      throw ValidationError("--health must be http://host:port")
    }
    guard self.groups >= 0, self.contacts >= 0, self.participants >= 0, self.qrCount >= 1 else {
      throw ValidationError(
        "--groups, --contacts and --participants cannot be negative, --qr-count is at least 1")
    }
  }

  /// - Parameter environment: Where the key is looked for when no option gives one.
  func configuration(environment: [String: String]) throws -> SimulatorConfiguration {
    var timing = Timing()
    timing.startDelay = self.startDelay.duration
    timing.firstCode = self.qrFirst.duration
    timing.nextCode = self.qrNext.duration
    timing.codeCount = self.qrCount
    timing.scanAfter = self.scanAfter.after
    timing.operation = self.operationTime.duration
    timing.lockWait = self.lockWait.duration
    timing.statusWait = self.qrWait.duration
    timing.webhookPatience = self.webhookPatience.duration
    var configuration = SimulatorConfiguration(
      engine: self.engine, version: self.serverVersion, timing: timing,
      addressBook: AddressBookPlan(
        groups: self.groups, contacts: self.contacts, participants: self.participants,
        seed: self.seed))
    configuration.host = self.listen.host
    configuration.port = self.listen.port
    // An empty key is none: compose files pass variables on that nobody has set.
    let key = self.apiKey ?? environment["WAHA_API_KEY"] ?? ""
    configuration.apiKey = key.isEmpty ? nil : key
    return configuration
  }
}
