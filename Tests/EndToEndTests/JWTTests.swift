import Foundation
import Testing

/// Tokens that PyJWT signs, with keys from a file and from a web server.
@Suite struct JWTTests {
  @Test func `a token says who calls, whatever signs it`() async throws {
    try await KeyServer.with { keys in
      try await Deployment.with(
        server: ["--jwt-jwks", keys.file] + KeyServer.arguments, isSpread: false
      ) { deployment in
        var names: Set<String> = []
        for algorithm in ["RS256", "ES256", "EdDSA", "HS256"] {
          names.insert(try await deployment.initiate(token: try await keys.token(algorithm)))
        }
        #expect(names.count == 1)
        // A token of the service's own for the same user is the same user.
        let own = try await deployment.token(user: "alice").secret
        #expect(try await deployment.initiate(token: own) == names.first)
        let other = try await keys.token("ES256", #""sub":"bob","role":"user""#)
        #expect(try await deployment.initiate(token: other) != names.first)

        let message = #"{"sessionName":"\#(names.first ?? "")"}"#
        for (claims, reason) in [
          (#""sub":"bob","role":"USER""#, "SESSION_NOT_FOUND"),
          (#""sub":"alice","role":"USER","exp":1"#, "TOKEN_EXPIRED"),
          (#""sub":"alice","role":"USER","aud":"others""#, "TOKEN_INVALID"),
          (#""sub":"alice","role":"USER","nbf":4102444800"#, "TOKEN_INVALID"),
          (#""sub":"alice""#, "ACCOUNT_NOT_APPROVED"),
          (#""sub":"alice","role":"USER","scope":"openid directory:read""#, "SCOPE_MISSING"),
          (#""sub":"billing","role":"SERVICE""#, "INVALID_ACT_AS"),
        ] {
          let token = try await keys.token("RS256", claims)
          let answer = try await deployment.call("getSessionStatus", message, token: token)
          #expect(answer.reason == reason, "\(claims): \(answer.body)")
        }
        let service = try await keys.token("EdDSA", #""sub":"billing","role":"SERVICE""#)
        let acting = try await deployment.call(
          "getSessionStatus", message, token: service, headers: ["user-api-act-as: alice"])
        #expect(acting.status == 200, "\(acting.body)")
        #expect(!deployment.server.output.contains("eyJ"))
      }
    }
  }

  @Test func `keys come from a web server: one that is new is found, one that is gone is not good`()
    async throws
  {
    try await KeyServer.with { keys in
      try keys.show(["EdDSA", "HS256"])
      try await Deployment.with(
        server: ["--jwt-jwks", keys.url] + KeyServer.arguments, isSpread: false
      ) { deployment in
        let edDSA = try await keys.token("EdDSA")
        let name = try await deployment.initiate(token: edDSA)
        // A secret that is served is none.
        let hs256 = try await keys.token("HS256")
        let refused = try await deployment.call("getWhatsAppSession", token: hs256)
        #expect(refused.reason == "TOKEN_INVALID")

        try keys.show(["RS256"])
        deployment.server.signal(SIGHUP)
        // It was good a moment ago, and is remembered.
        try await eventually("the key is gone") {
          try await deployment.call("getWhatsAppSession", token: edDSA).reason == "TOKEN_INVALID"
        }
        let rs256 = try await keys.token("RS256")
        #expect(try await deployment.initiate(token: rs256) == name)

        await keys.end()
        deployment.server.signal(SIGHUP)
        _ = try await deployment.server.line { $0.contains("keys of JWTs not reloaded") }
        #expect(try await deployment.initiate(token: rs256) == name)
        let carol = try await keys.token("RS256", #""sub":"carol","role":"USER""#)
        #expect(try await deployment.initiate(token: carol) != name)
      }
    }
  }

  @Test func `a key that nobody has told of is looked for when a token names it`() async throws {
    try await KeyServer.with { keys in
      try keys.show(["EdDSA"])
      try await Deployment.with(
        server: ["--jwt-jwks", keys.url] + KeyServer.arguments
      ) { deployment in
        let name = try await deployment.initiate(token: try await keys.token("EdDSA"))
        try keys.show(["EdDSA", "ES256"])
        #expect(
          try await deployment.initiate(token: try await keys.token("ES256")) == name)
      }
    }
  }

  @Test func `a file without keys stops the start, and says which setting it is`() async throws {
    let folder = FileManager.default.temporaryDirectory
    let run = try await Run(
      "user-api-server",
      ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
        + ["--jwt-jwks", "/dev/null"] + KeyServer.arguments, in: folder)
    #expect(run.status == 78)
    #expect(run.errors.contains("USER_API_JWT_JWKS"), "\(run.errors)")
  }
}
