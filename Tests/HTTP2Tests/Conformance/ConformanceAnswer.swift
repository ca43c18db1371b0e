import HTTP2

/// What the server of the conformance suite does with a request, by its path.
enum ConformanceAnswer {
  case headers, body, reset, nothing

  init(_ request: Headers) {
    self =
      switch request[":path"] {
      case "/body": .body
      case "/reset": .reset
      case "/hold": .nothing
      default: .headers
      }
  }

  static let text = "0123456789"
}
