/// What changed when, as far as a caller can see it.
extension ServerVersion {
  var pagesContacts: Bool { self >= Self(2024, 10, 9) }
  var pagesGroups: Bool { self >= Self(2024, 12, 3) }
  var refreshesGroups: Bool { self >= Self(2024, 12, 3) }
  var excludesParticipants: Bool { self >= Self(2025, 2, 7) }
  var countsGroups: Bool { self >= Self(2025, 3, 1) }
  var hasLids: Bool { self >= Self(2025, 5, 4) }
  /// Before, an operation waited for the lock however long it took.
  var limitsLockQueue: Bool { self >= Self(2025, 6, 3) }
  var restrictsSessionNames: Bool { self >= Self(2025, 8, 1) }
  var takesKeyInQuery: Bool { self >= Self(2026, 4, 3) }
  var reportsWorker: Bool { self >= Self(2026, 1, 4) }
  /// NOWEB made new codes for ever before; the other engines always gave up.
  var failsUnscannedNOWEB: Bool { self >= Self(2025, 3, 2) }
  /// Before, a session that is unknown or stopped was refused at once with 404.
  var waitsForStoppedSessions: Bool { self >= Self(2025, 1, 1) }
  /// `presence`, `timestamps` and `assignedWorker` in the session object.
  var describesSessionsAtLength: Bool { self >= Self(2025, 9, 1) }
  /// `id` and `timestamp` in events.
  var identifiesEvents: Bool { self >= Self(2025, 3, 1) }
  /// `statuses` in the event of a status.
  var tellsLatestStatuses: Bool { self >= Self(2025, 9, 4) }
  /// `data` in the event of a status.
  var tellsStatusData: Bool { self >= Self(2026, 7, 1) }
  /// The generation of 2024 said it twice on WEBJS.
  var tellsWorkingOnce: Bool { self >= Self(2025, 1, 1) }

  func reportsOwnLid(on engine: Engine) -> Bool {
    switch engine {
    case .webjs: self >= Self(2026, 7, 1)
    case .noweb, .gows: self >= Self(2025, 8, 2)
    }
  }
}
