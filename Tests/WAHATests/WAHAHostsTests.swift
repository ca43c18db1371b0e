import DirectoryService
import SessionService
import TestKit
import Testing
import UserAPI
import WAHA
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct WAHAHostsTests {
  private let a = HostName(stored: "a")
  private let b = HostName(stored: "b")

  private func withHosts(
    _ body: (WAHAHosts, [HostName: Pair]) async throws -> Void
  ) async throws {
    try await withWAHA { first in
      try await withWAHA { second in
        try await body(
          WAHAHosts([(self.a, first.waha), (self.b, second.waha)]),
          [self.a: first, self.b: second])
      }
    }
  }

  @Test func `whatever is asked for a session goes to its host alone`() async throws {
    try await self.withHosts { hosts, pairs async throws in
      for host in [self.a, self.b] {
        let session = try await makeOwnedSession(host: host)
        for function in Function.allCases { _ = await function.failure(hosts, session) }
        for (name, pair) in pairs {
          #expect((pair.server.requestCount().requests > 0) == (name == host))
          pair.server.clearRequests()
        }
      }
    }
  }

  @Test func `a session of one name may be on either, and is on its own`() async throws {
    try await self.withHosts { hosts, pairs async throws in
      let session = try await makeOwnedSession(host: self.a)
      try await hosts.create(session)
      pairs[self.a]?.server.setStatus("s_test", to: "WORKING")
      #expect(try await hosts.status(of: session) == .working)
      #expect(try await hosts.status(of: try await makeOwnedSession(host: self.b)) == nil)
    }
  }

  @Test func `a host that is not configured is named, and no other asked`() async throws {
    try await self.withHosts { hosts, pairs async throws in
      let session = try await makeOwnedSession(host: HostName(stored: "c"))
      for function in Function.allCases {
        let error = await function.failure(hosts, session)
        #expect(error?.reason == .upstreamUnavailable)
        #expect(error?.message == "the session is on a WAHA host that is not configured: c")
      }
      for pair in pairs.values { #expect(pair.server.requests().isEmpty) }
    }
  }

  @Test func `one that does not answer is left alone, and the others are not`() async throws {
    try await self.withHosts { hosts, pairs async throws in
      let (down, up) = (
        try await makeOwnedSession(host: self.a), try await makeOwnedSession(host: self.b)
      )
      try await hosts.create(up)
      let server = try #require(pairs[self.a]).server
      server.addFault(Fault(.drop))
      for _ in 0..<6 {
        let error = await failure { () async throws(UserAPIError) in
          try await hosts.status(of: down)
        }
        #expect(error?.reason == .upstreamUnavailable)
      }
      #expect(hosts[self.a]?.isBreakerOpen == true)
      #expect(hosts[self.b]?.isBreakerOpen == false)
      #expect(try await hosts.status(of: up) != nil)
      // The names are those of the host that answers.
      #expect(try await hosts.sessionNames() == [self.b: ["s_test"]])
      pairs[self.b]?.server.addFault(Fault(.drop))
      let error = await failure { () async throws(UserAPIError) in
        try await hosts.sessionNames()
      }
      #expect(error?.reason == .upstreamUnavailable)
    }
  }

  @Test func `the names of sessions are told by their host`() async throws {
    try await self.withHosts { hosts, _ async throws in
      #expect(try await hosts.sessionNames() == [self.a: [], self.b: []])
      try await hosts.create(try await makeOwnedSession(named: "s_1", host: self.a))
      try await hosts.create(try await makeOwnedSession(named: "s_2", host: self.b))
      #expect(try await hosts.sessionNames() == [self.a: ["s_1"], self.b: ["s_2"]])
    }
  }
}
