import Testing
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct GroupTests {
  @Test func `WEBJS nests ids, puts the latest first, and never sorts`() async throws {
    try await withWorkingSession(.webjs) { server, client in
      let groups = try await client.get("/api/s/groups?sortBy=subject").json.items ?? []
      #expect(groups.count == 25)
      let ids = groups.compactMap { $0["id"]?["_serialized"]?.text }
      #expect(
        ids == server.truth().groups.sorted { $0.lastActive > $1.lastActive }.map(\.id))
      #expect(groups.allSatisfy { $0["groupMetadata"]?["participants"]?.items?.count == 12 })
      #expect(groups.contains { $0["name"] == nil })
      let lean = try await client.get("/api/s/groups?exclude=participants").json.items ?? []
      #expect(lean.allSatisfy { $0["groupMetadata"]?["participants"] == nil })
      #expect(lean.allSatisfy { $0["groupMetadata"]?["pastParticipants"] == nil })
    }
  }

  @Test func `NOWEB answers with an object in page order`() async throws {
    let store = #"{"noweb":{"store":{"enabled":true}}}"#
    try await withWorkingSession(.noweb, config: store) { server, client in
      let all = try await client.get("/api/s/groups?sortBy=id&sortOrder=desc&limit=3&offset=1")
      let ids = server.truth().groups.map(\.id).sorted(by: >)[1..<4]
      // Decoding sorts the keys; the order is in the text.
      let places = ids.compactMap { all.text.firstRange(of: "\"\($0)\":{")?.lowerBound }
      #expect(places.count == 3)
      #expect(places == places.sorted())
      #expect(try all.json.keys.count == 3)
      #expect(try await client.get("/api/s/groups?limit=0").text == "{}")
      #expect(try await client.get("/api/s/groups?offset=20").json.keys.count == 5)
    }
  }

  @Test func `GOWS capitalises, and names the nameless with nothing`() async throws {
    try await withWorkingSession(.gows) { server, client in
      let groups = try await client.get("/api/s/groups?sortBy=subject").json.items ?? []
      let names = groups.compactMap { $0["Name"]?.text }
      #expect(names.first == "")
      #expect(names.map { Array($0.utf16) } == names.map { Array($0.utf16) }.sorted(by: precedes))
      #expect(groups[0]["Participants"]?.items?.first?["JID"]?.text?.hasSuffix("@lid") == true)
      let unpaged = try await client.get("/api/s/groups?offset=20").json.items
      #expect(unpaged?.count == 25)
      #expect(try await client.get("/api/s/groups?offset=20&limit=10").json.items?.count == 5)
    }
  }

  @Test func `old servers know neither paging nor counting`() async throws {
    try await withWorkingSession(.webjs, version: ServerVersion(2024, 12, 2)) { _, client in
      let all = try await client.get("/api/s/groups?limit=3&sortBy=nonsense&exclude=participants")
      #expect(try all.json.items?.count == 25)
      #expect(try await client.get("/api/s/groups/count").status == 404)
      #expect(try await client.post("/api/s/groups/refresh").status == 404)
    }
  }

  @Test func `bad parameters are refused together`() async throws {
    try await withWorkingSession(.webjs) { _, client in
      let refused = try await client.get("/api/s/groups?limit=x&offset=1.5&sortBy=q&exclude=z")
      #expect(refused.status == 400)
      #expect(try refused.json["message"]?.items?.count == 4)
      #expect(try refused.json["error"]?.text == "Bad Request")
    }
  }

  @Test func `counting and refreshing`() async throws {
    try await withWorkingSession(.gows) { _, client in
      #expect(try await client.get("/api/s/groups/count").json == ["count": 25])
      let refreshed = try await client.post("/api/s/groups/refresh")
      #expect(refreshed.status == 200)
      #expect(try refreshed.json == ["success": true])
    }
  }

  private func precedes(_ left: [UInt16], _ right: [UInt16]) -> Bool {
    left.lexicographicallyPrecedes(right)
  }
}
