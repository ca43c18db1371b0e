internal import AuthService
internal import WAHA

/// Keys that somebody serves, by GET.
struct JWTKeyURL: JWTKeySource {
  let url: HTTPURL
  let timeout: Duration
  private let client = CurlClient()

  init(url: HTTPURL, timeout: Duration) {
    self.url = url
    self.timeout = timeout
  }

  func keySet() async throws(JWTKeySetError) -> [UInt8] {
    let response: CurlResponse
    do throws(CurlError) {
      response = try await self.client.get(
        self.url, accept: "application/jwk-set+json, application/json", timeout: self.timeout,
        maxSize: JWTKeySet.maximumSize)
    } catch {
      switch error {
      case .timedOut: throw JWTKeySetError("the server does not answer in time")
      case .unreachable: throw JWTKeySetError("the server cannot be reached")
      case .tooLarge: throw JWTKeySetError("the answer is too long")
      case .malformed: throw JWTKeySetError("the answer is no HTTP")
      case .cancelled: throw JWTKeySetError("it was given up")
      }
    }
    guard response.status == 200 else {
      throw JWTKeySetError("the server answers with status \(response.status)")
    }
    return response.body
  }
}
