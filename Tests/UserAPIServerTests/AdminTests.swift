import NIOHTTP1
import SessionService
import Testing
import UserAPI

@testable import UserAPIServer

@Suite struct AdminTests {
  private static func routes(
    database: UserAPIError? = nil, waha: UserAPIError? = nil
  ) -> AdminRoutes {
    AdminRoutes(
      readiness: Readiness(
        pingDatabase: { () async throws(UserAPIError) in if let database { throw database } },
        hosts: [
          Readiness.Host(name: .default) { () async throws(UserAPIError) in
            if let waha { throw waha }
          }
        ]),
      registry: PrometheusRegistry())
  }

  @Test func `ready while the database answers, however WAHA is`() async {
    let routes = Self.routes(waha: UserAPIError(.upstreamUnavailable, "gone"))
    let answer = await routes.answer(method: .GET, uri: "/readyz?verbose")
    #expect(answer.status == 200)
    #expect(
      answer.body
        == #"{"status":"ready","database":"ok","waha":"UPSTREAM_UNAVAILABLE"}"# + "\n")
  }

  @Test func `each host with a WAHA is told of by its name`() async throws {
    let names = [try #require(HostName("b")), try #require(HostName("a"))]
    let readiness = Readiness(
      pingDatabase: { () async throws(UserAPIError) in },
      hosts: names.map { name in
        Readiness.Host(name: name) { () async throws(UserAPIError) in
          if name.rawValue == "a" { throw UserAPIError(.upstreamTimeout, "late") }
        }
      })
    let routes = AdminRoutes(readiness: readiness, registry: PrometheusRegistry())
    let answer = await routes.answer(method: .GET, uri: "/readyz")
    #expect(answer.status == 200)
    #expect(
      answer.body
        == #"{"status":"ready","database":"ok","waha":[{"host":"b","status":"ok"},"#
        + #"{"host":"a","status":"UPSTREAM_TIMEOUT"}]}"# + "\n")
  }

  @Test func `not ready without the database`() async {
    let routes = Self.routes(database: UserAPIError(.storeUnavailable, "gone"))
    let answer = await routes.answer(method: .GET, uri: "/readyz")
    #expect(answer.status == 503)
    #expect(answer.body.contains(#""status":"not ready","database":"STORE_UNAVAILABLE""#))
  }

  @Test func `not ready while the server stops, but alive`() async {
    let routes = Self.routes()
    routes.readiness.beginDrain()
    let ready = await routes.answer(method: .GET, uri: "/readyz")
    #expect(ready.status == 503)
    #expect(ready.body.contains(#""status":"draining""#))
    #expect(await routes.answer(method: .GET, uri: "/livez").status == 200)
  }

  @Test func `other methods and paths are refused`() async {
    let routes = Self.routes()
    let post = await routes.answer(method: .POST, uri: "/metrics")
    #expect(post.status == 405)
    #expect(post.allow == "GET, HEAD")
    #expect(await routes.answer(method: .GET, uri: "/").status == 404)
  }
}
