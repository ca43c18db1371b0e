/// One of Connect's sixteen error codes (proto-spec.md, section 6.1). Open, so that an old client
/// survives a newer server.
public struct ErrorCode: RawRepresentable, Hashable, Sendable {
  /// The word on the wire.
  public let rawValue: String

  /// Takes any word; only those below mean something to this version.
  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  /// The caller gave the call up.
  public static let canceled = Self(rawValue: "canceled")
  /// An error of which nothing more is known.
  public static let unknown = Self(rawValue: "unknown")
  /// The request is wrong, whatever the state of the system.
  public static let invalidArgument = Self(rawValue: "invalid_argument")
  /// The time for the call was over before the call was.
  public static let deadlineExceeded = Self(rawValue: "deadline_exceeded")
  /// There is no such thing, or it is not the caller's.
  public static let notFound = Self(rawValue: "not_found")
  /// The thing to be made is there already.
  public static let alreadyExists = Self(rawValue: "already_exists")
  /// The caller is known and may not do this.
  public static let permissionDenied = Self(rawValue: "permission_denied")
  /// A limit is used up: of size, of rate, or of room.
  public static let resourceExhausted = Self(rawValue: "resource_exhausted")
  /// The system is not in the state that the call needs.
  public static let failedPrecondition = Self(rawValue: "failed_precondition")
  /// The call lost to another; start over from the beginning.
  public static let aborted = Self(rawValue: "aborted")
  /// The request goes beyond what there is.
  public static let outOfRange = Self(rawValue: "out_of_range")
  /// The server does not do this.
  public static let unimplemented = Self(rawValue: "unimplemented")
  /// Something that must not happen did.
  public static let `internal` = Self(rawValue: "internal")
  /// It does not work now; the same call may succeed later.
  public static let unavailable = Self(rawValue: "unavailable")
  /// Something is lost for good.
  public static let dataLoss = Self(rawValue: "data_loss")
  /// Who calls is not known.
  public static let unauthenticated = Self(rawValue: "unauthenticated")

  /// All sixteen, in the order of proto-spec.md.
  public static let all: [ErrorCode] = [
    .canceled, .unknown, .invalidArgument, .deadlineExceeded, .notFound, .alreadyExists,
    .permissionDenied, .resourceExhausted, .failedPrecondition, .aborted, .outOfRange,
    .unimplemented, .internal, .unavailable, .dataLoss, .unauthenticated,
  ]

  /// The HTTP status that says the same; 500 for a code that this version does not know.
  public var httpStatus: Int {
    switch self {
    case .canceled: 499
    case .invalidArgument, .failedPrecondition, .outOfRange: 400
    case .deadlineExceeded: 504
    case .notFound: 404
    case .alreadyExists, .aborted: 409
    case .permissionDenied: 403
    case .resourceExhausted: 429
    case .unimplemented: 501
    case .unavailable: 503
    case .unauthenticated: 401
    default: 500
    }
  }

  /// The tRPC word that says the same.
  public var trpcCode: String {
    switch self {
    case .canceled: "CLIENT_CLOSED_REQUEST"
    case .invalidArgument, .outOfRange: "BAD_REQUEST"
    case .deadlineExceeded: "TIMEOUT"
    case .notFound: "NOT_FOUND"
    case .alreadyExists, .aborted: "CONFLICT"
    case .permissionDenied: "FORBIDDEN"
    case .resourceExhausted: "TOO_MANY_REQUESTS"
    case .failedPrecondition: "PRECONDITION_FAILED"
    case .unimplemented: "NOT_IMPLEMENTED"
    case .unavailable: "SERVICE_UNAVAILABLE"
    case .unauthenticated: "UNAUTHORIZED"
    default: "INTERNAL_SERVER_ERROR"
    }
  }
}
