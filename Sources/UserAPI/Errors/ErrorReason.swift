/// Why a call failed, as a stable word (proto-spec.md, section 6.2). Open, so that an old client
/// survives a newer server.
public struct ErrorReason: RawRepresentable, Hashable, Sendable {
  /// The word on the wire.
  public let rawValue: String

  /// Takes any word; only those below mean something to this version.
  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  // MARK: The request

  /// The `content-type` is none of the three.
  public static let unsupportedContentType = Self(rawValue: "UNSUPPORTED_CONTENT_TYPE")
  /// A procedure was asked for with a method other than POST.
  public static let methodNotAllowed = Self(rawValue: "METHOD_NOT_ALLOWED")
  /// The path names no procedure.
  public static let unknownProcedure = Self(rawValue: "UNKNOWN_PROCEDURE")
  /// The body or a message in it is compressed.
  public static let compressionUnsupported = Self(rawValue: "COMPRESSION_UNSUPPORTED")
  /// `connect-timeout-ms` is not one to ten digits.
  public static let invalidTimeout = Self(rawValue: "INVALID_TIMEOUT")
  /// The framing is broken: unknown flags, a body that ends inside an envelope, or a number of
  /// messages other than one.
  public static let invalidEnvelope = Self(rawValue: "INVALID_ENVELOPE")
  /// The message is longer than the limit.
  public static let messageTooLarge = Self(rawValue: "MESSAGE_TOO_LARGE")
  /// The request has more headers, or longer ones, than the limits allow.
  public static let headersTooLarge = Self(rawValue: "HEADERS_TOO_LARGE")
  /// The request was not whole in time.
  public static let bodyTimeout = Self(rawValue: "BODY_TIMEOUT")
  /// Too much waits on the connection: responses that the caller has not read, or requests that are
  /// not whole.
  public static let connectionBufferFull = Self(rawValue: "CONNECTION_BUFFER_FULL")
  /// The messages of a stream are not read as fast as they come.
  public static let readerTooSlow = Self(rawValue: "READER_TOO_SLOW")
  /// The message is not a JSON object in UTF-8.
  public static let malformedJSON = Self(rawValue: "MALFORMED_JSON")
  /// A field is missing or its value is not allowed; the message names it.
  public static let invalidField = Self(rawValue: "INVALID_FIELD")

  // MARK: The caller

  /// There is no `authorization: Bearer …` header.
  public static let tokenMissing = Self(rawValue: "TOKEN_MISSING")
  /// The token is malformed or was never issued.
  public static let tokenInvalid = Self(rawValue: "TOKEN_INVALID")
  /// The token's time is over.
  public static let tokenExpired = Self(rawValue: "TOKEN_EXPIRED")
  /// The token was taken back.
  public static let tokenRevoked = Self(rawValue: "TOKEN_REVOKED")
  /// The caller's role is `GUEST`.
  public static let accountNotApproved = Self(rawValue: "ACCOUNT_NOT_APPROVED")
  /// The connection has no certificate of a service that the server knows, and needs one.
  public static let certificateRequired = Self(rawValue: "CERTIFICATE_REQUIRED")
  /// The caller may not do this; the message names the scope that is missing.
  public static let scopeMissing = Self(rawValue: "SCOPE_MISSING")
  /// `user-api-act-as` names no user, or is missing where a service has to name one.
  public static let invalidActAs = Self(rawValue: "INVALID_ACT_AS")
  /// The caller calls too often, or too many tokens from one address were not valid.
  public static let rateLimited = Self(rawValue: "RATE_LIMITED")
  /// The keys with which tokens are verified cannot be had now, or are too much in use.
  public static let keysUnavailable = Self(rawValue: "KEYS_UNAVAILABLE")

  // MARK: The session

  /// There is no such session, or it is not the caller's.
  public static let sessionNotFound = Self(rawValue: "SESSION_NOT_FOUND")
  /// The session is the caller's, but WAHA no longer has it; `initiateWhatsAppSession` brings it
  /// back.
  public static let sessionMissingUpstream = Self(rawValue: "SESSION_MISSING_UPSTREAM")
  /// There is no QR code because the session does not wait for a scan.
  public static let sessionNotAwaitingScan = Self(rawValue: "SESSION_NOT_AWAITING_SCAN")
  /// Groups and contacts can be read only while the session is `WORKING`.
  public static let sessionNotWorking = Self(rawValue: "SESSION_NOT_WORKING")
  /// WAHA restarted the session, which then failed.
  public static let restartFailed = Self(rawValue: "RESTART_FAILED")
  /// WAHA keeps no contacts for this session, because it was made without a store.
  public static let contactsNotStored = Self(rawValue: "CONTACTS_NOT_STORED")
  /// The session failed while a phone was to be linked.
  public static let linkFailed = Self(rawValue: "LINK_FAILED")
  /// WhatsApp has shown all the QR codes that it shows, and none was scanned.
  public static let qrCodesUsedUp = Self(rawValue: "QR_CODES_USED_UP")
  /// No host with a WAHA has room for another session.
  public static let noCapacity = Self(rawValue: "NO_CAPACITY")

  /// The snapshot that the request names is no longer kept.
  public static let snapshotExpired = Self(rawValue: "SNAPSHOT_EXPIRED")

  // MARK: WAHA

  /// WAHA cannot be reached, or a proxy before it says so.
  public static let upstreamUnavailable = Self(rawValue: "UPSTREAM_UNAVAILABLE")
  /// WAHA did not answer within the service's own limit.
  public static let upstreamTimeout = Self(rawValue: "UPSTREAM_TIMEOUT")
  /// WAHA is at work on the session; the same call succeeds later.
  public static let upstreamBusy = Self(rawValue: "UPSTREAM_BUSY")
  /// WhatsApp throttles the account.
  public static let upstreamRateLimited = Self(rawValue: "UPSTREAM_RATE_LIMITED")
  /// WAHA refuses the service's key.
  public static let upstreamUnauthorized = Self(rawValue: "UPSTREAM_UNAUTHORIZED")
  /// WAHA's list is longer than the service takes.
  public static let upstreamListTooLarge = Self(rawValue: "UPSTREAM_LIST_TOO_LARGE")
  /// WAHA's answer makes no sense.
  public static let upstreamInvalidResponse = Self(rawValue: "UPSTREAM_INVALID_RESPONSE")

  // MARK: The service

  /// The call's deadline passed.
  public static let deadlineExceeded = Self(rawValue: "DEADLINE_EXCEEDED")
  /// The caller gave the call up.
  public static let canceled = Self(rawValue: "CANCELED")
  /// The database does not answer.
  public static let storeUnavailable = Self(rawValue: "STORE_UNAVAILABLE")
  /// The server is stopping.
  public static let serverStopping = Self(rawValue: "SERVER_STOPPING")
  /// A defect of the service.
  public static let internalError = Self(rawValue: "INTERNAL_ERROR")

  // MARK: The client's own

  /// The client could not reach the server, or lost it during the call.
  public static let connectionFailed = Self(rawValue: "CONNECTION_FAILED")
  /// What the client got is no answer of a User API server, or ended before its end envelope.
  public static let invalidResponse = Self(rawValue: "INVALID_RESPONSE")

  /// Every reason that a server sends, in the order of proto-spec.md.
  public static let sent: [ErrorReason] = [
    .unsupportedContentType, .methodNotAllowed, .unknownProcedure, .compressionUnsupported,
    .invalidTimeout, .invalidEnvelope, .messageTooLarge, .malformedJSON, .invalidField,
    .headersTooLarge, .bodyTimeout, .connectionBufferFull, .readerTooSlow,
    .tokenMissing, .tokenInvalid, .tokenExpired, .tokenRevoked, .certificateRequired,
    .accountNotApproved, .scopeMissing, .invalidActAs, .rateLimited, .keysUnavailable,
    .sessionNotFound, .sessionMissingUpstream, .sessionNotAwaitingScan, .sessionNotWorking,
    .restartFailed, .contactsNotStored, .linkFailed, .qrCodesUsedUp, .noCapacity,
    .snapshotExpired,
    .upstreamUnavailable, .upstreamTimeout, .upstreamBusy, .upstreamRateLimited,
    .upstreamUnauthorized, .upstreamListTooLarge, .upstreamInvalidResponse,
    .deadlineExceeded, .canceled, .storeUnavailable, .serverStopping, .internalError,
  ]

  /// The code that goes with the reason; `unknown` for one that this version does not know.
  public var code: ErrorCode {
    switch self {
    case .unsupportedContentType, .invalidTimeout, .invalidEnvelope, .malformedJSON,
      .invalidField, .invalidActAs:
      .invalidArgument
    case .methodNotAllowed, .unknownProcedure, .compressionUnsupported: .unimplemented
    case .messageTooLarge, .headersTooLarge, .connectionBufferFull, .readerTooSlow,
      .rateLimited, .noCapacity, .upstreamRateLimited, .upstreamListTooLarge:
      .resourceExhausted
    case .snapshotExpired: .aborted
    case .tokenMissing, .tokenInvalid, .tokenExpired, .tokenRevoked, .certificateRequired:
      .unauthenticated
    case .accountNotApproved, .scopeMissing: .permissionDenied
    case .sessionNotFound: .notFound
    case .sessionMissingUpstream, .sessionNotAwaitingScan, .sessionNotWorking, .restartFailed,
      .contactsNotStored, .linkFailed, .qrCodesUsedUp:
      .failedPrecondition
    case .keysUnavailable, .upstreamUnavailable, .upstreamBusy, .storeUnavailable, .serverStopping,
      .connectionFailed:
      .unavailable
    case .upstreamTimeout, .bodyTimeout, .deadlineExceeded: .deadlineExceeded
    case .canceled: .canceled
    case .upstreamUnauthorized, .upstreamInvalidResponse, .internalError, .invalidResponse:
      .internal
    default: .unknown
    }
  }

  /// The HTTP status where the code's own says too little.
  public var httpStatus: Int {
    switch self {
    case .unsupportedContentType: 415
    case .methodNotAllowed: 405
    case .headersTooLarge: 431
    default: self.code.httpStatus
    }
  }

  /// The tRPC word where the code's own says too little.
  public var trpcCode: String {
    switch self {
    case .unsupportedContentType: "UNSUPPORTED_MEDIA_TYPE"
    case .methodNotAllowed: "METHOD_NOT_SUPPORTED"
    case .unknownProcedure: "NOT_FOUND"
    case .messageTooLarge, .headersTooLarge: "PAYLOAD_TOO_LARGE"
    case .malformedJSON: "PARSE_ERROR"
    default: self.code.trpcCode
    }
  }
}
