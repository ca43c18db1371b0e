import NIOCore
import Testing
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct CodeTests {
  @Test func `the picture is a PNG of 276 pixels`() async throws {
    try await withSimulator { _, client in
      _ = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      let answer = try await client.get("/api/a/auth/qr", headers: ["Accept": "*/*"])
      #expect(answer.headers["content-type"] == "image/png")
      var png = answer.body
      #expect(png.readBytes(length: 8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
      png.moveReaderIndex(forwardBy: 4)
      #expect(png.readString(length: 4) == "IHDR")
      #expect(png.readInteger(as: UInt32.self) == 276)
      #expect(png.readInteger(as: UInt32.self) == 276)
      #expect(png.readableBytesView.suffix(8).prefix(4).elementsEqual("IEND".utf8))
    }
  }

  @Test func `only the exact Accept header gives JSON`() async throws {
    try await withSimulator { _, client in
      _ = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      let exact = try await client.get(
        "/api/a/auth/qr", headers: ["Accept": "application/json"])
      #expect(try exact.json["mimetype"]?.text == "image/png")
      #expect(try exact.json["data"]?.text?.hasPrefix("iVBORw0KGgo") == true)
      let loose = try await client.get(
        "/api/a/auth/qr", headers: ["Accept": "application/json, */*"])
      #expect(loose.headers["content-type"] == "image/png")
      let raw = try await client.get("/api/a/auth/qr?format=raw").json["value"]?.text
      #expect(raw?.hasPrefix("2@") == true)
      #expect(raw?.split(separator: ",").count == 4)
      #expect(raw?.count == 237)
    }
  }

  @Test func `every code has a picture of its own, and keeps it`() async throws {
    try await withSimulator { server, client in
      _ = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      let first = try await client.get("/api/a/auth/qr").body
      #expect(try await client.get("/api/a/auth/qr").body == first)
      server.setStatus("a", to: "SCAN_QR_CODE")
      let second = try await client.get("/api/a/auth/qr").body
      #expect(second != first)
      server.forget("a")
      _ = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      #expect(![first, second].contains(try await client.get("/api/a/auth/qr").body))
    }
  }

  @Test(arguments: [(Engine.webjs, 500), (.noweb, 422), (.gows, 422)])
  func `a code to type needs SCAN_QR_CODE`(engine: Engine, status: Int) async throws {
    try await withWorkingSession(engine) { server, client in
      let form = #"{"phoneNumber":"12132132130"}"#
      #expect(try await client.post("/api/s/auth/request-code", form).status == status)
      server.setStatus("s", to: "SCAN_QR_CODE")
      let code = try await client.post("/api/s/auth/request-code", form)
      #expect(code.status == 201)
      #expect(try code.json.keys == ["code"])
      #expect(try await client.post("/api/nobody/auth/request-code", form).status == 404)
    }
  }
}
