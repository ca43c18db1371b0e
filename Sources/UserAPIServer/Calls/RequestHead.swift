internal import AuthService
internal import HTTP2
internal import UserAPI

/// What the headers of a request say. A class, so that calls which bring the same share it.
final class RequestHead: Sendable {
  let call: Result<CallHead, CallHead.Refusal>
  /// What the caller brings to prove who calls.
  let credentials: Credentials
  /// The value of the header `user-api-act-as`; nil when there is none. One that comes twice names
  /// nobody.
  let actAs: String?
  /// Whether the caller wants the call to be part of a trace.
  let isTraced: Bool
  let headers: Headers

  init(_ headers: Headers, credentials: Credentials) {
    var fields = CallHead.Fields()
    var actAs: String?
    var isTraced = false
    for field in headers.fields {
      fields.add(field.name, field.value)
      switch field.name {
      case "user-api-act-as": actAs = actAs == nil ? field.value : ""
      case "traceparent": isTraced = true
      default: break
      }
    }
    self.call = CallHead.read(fields)
    self.credentials = credentials
    self.actAs = actAs
    self.isTraced = isTraced
    self.headers = headers
  }
}
