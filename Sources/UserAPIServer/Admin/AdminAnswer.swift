/// What the admin port answers with.
struct AdminAnswer: Sendable, Equatable {
  var status: Int
  var contentType = "text/plain; charset=utf-8"
  var body: String
  /// The methods that the path takes, where the request's was none of them.
  var allow: String?
}
