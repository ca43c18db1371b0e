internal import AuthService
internal import DirectoryService
internal import Logging
internal import NIOCore
internal import SessionService
internal import Tracing
internal import UserAPI

/// What every call needs, shared by all. A class, so that a call holds one reference.
final class CallServices: Sendable {
  let admission: Admission
  let sessions: Sessions
  let directory: Directory
  let metrics: CallMetrics
  let limitMetrics: LimitMetrics
  let streamMetrics: StreamMetrics
  let limits: CallLimits
  let pageThreads: UserThreads
  let audit: AuditLog
  let tracer: any Tracer
  /// Whether it sees to calls that are answered from memory as well, and of which no caller asks that
  /// they be traced.
  let tracesAll: Bool
  let logger: Logger
  /// The logger's, which costs a copy of it to ask for.
  let logLevel: Logger.Level

  init(
    admission: Admission, sessions: Sessions, directory: Directory,
    metrics: CallMetrics, limitMetrics: LimitMetrics,
    streamMetrics: StreamMetrics, limits: CallLimits,
    pageThreads: UserThreads, audit: AuditLog, tracer: any Tracer,
    logger: Logger
  ) {
    self.admission = admission
    self.sessions = sessions
    self.directory = directory
    self.metrics = metrics
    self.limitMetrics = limitMetrics
    self.streamMetrics = streamMetrics
    self.limits = limits
    self.pageThreads = pageThreads
    self.audit = audit
    self.tracer = tracer
    self.tracesAll = !(tracer is TraceContextTracer)
    self.logger = logger
    self.logLevel = logger.logLevel
  }
}

/// What bounds a call.
package struct CallLimits: Sendable {
  /// The longest request message, in bytes. Default: 1 MiB.
  package var maxMessageSize = 1 << 20
  /// How many bytes of a request that is already answered are read and dropped before its stream
  /// is reset. Default: 16 MiB.
  package var maxDiscardedSize = 16 << 20
  /// How long a request may take to be whole, from its headers on; nil for as long as the call may.
  /// Default: 20 s.
  package var bodyTimeout: Duration? = .seconds(20)
  /// How long a call may take whose caller set no bound. Default: 30 s.
  package var defaultTimeout: Duration = .seconds(30)
  /// How long any call may take whose response is one message. Default: 120 s.
  package var maxTimeout: Duration = .seconds(120)
  /// How long `linkSession` may take, also where its caller set a longer bound or none. Default: 5
  /// min, in which WhatsApp shows all the codes that it shows.
  package var linkTimeout: Duration = .seconds(300)
  /// After how long without a message a stream of them gets an empty one. Default: 15 s.
  package var heartbeatInterval: Duration = .seconds(15)
  /// How long the reader of such a stream may leave it full. Default: 20 s.
  package var readerTimeout: Duration = .seconds(20)

  package static let defaults = Self()

  package init() {}

  /// How long a call may take; nil for as long as it likes.
  ///
  /// - Parameter asked: The bound that its caller set.
  func timeout(of procedure: Procedure, asked: Duration?) -> Duration? {
    switch procedure {
    case .watchSession: asked
    case .linkSession: min(asked ?? self.linkTimeout, self.linkTimeout)
    case .getWhatsAppSession, .initiateWhatsAppSession, .getSessionStatus, .getSessionQR,
      .restartSession, .updateSessionPhone, .logoutSession, .getWhatsAppGroups,
      .getWhatsAppContacts:
      min(asked ?? self.defaultTimeout, self.maxTimeout)
    }
  }
}
