import Foundation
import TestKit
import Testing

/// A proxy in front of many users carries all their calls on one connection.
@Suite struct SharedConnectionTests {
  private static let issuer = "https://id.example.org"

  /// Calls in turn with each of the tokens, and prints what each was told whose session it is, and
  /// whether the calls were one connection's first streams.
  private static let script = """
    import sys, httpx
    url, rounds, *tokens = sys.argv[1:]
    told, streams = [set() for _ in tokens], []
    with httpx.Client(http1=False, http2=True, trust_env=False) as client:
        for _ in range(int(rounds)):
            for index, token in enumerate(tokens):
                answer = client.post(url, content=b"{}", headers={
                    "content-type": "application/json", "authorization": "Bearer " + token})
                told[index].add(f"{answer.status_code} {answer.json().get('userId')}")
                streams.append(answer.extensions["stream_id"])
    for answers in told:
        print(*sorted(answers), sep=", ")
    print(streams == list(range(1, 2 * len(streams), 2)))
    """

  @Test func `users whose tokens alternate on one connection get each their own session`()
    async throws
  {
    let signer = try await JWTSigner.es256()
    let end = Int(Date.now.timeIntervalSince1970) + 600
    func jwt(_ user: String) throws -> String {
      try signer.token(
        #"{"iss":"\#(Self.issuer)","aud":"user-api","sub":"\#(user)","role":"USER","exp":\#(end)}"#)
    }
    try await Deployment.with(
      prepare: { folder in
        try Data(JWTSigner.keySet(signer.jwk(id: "key"))).write(
          to: folder.appending(path: "keys.json"))
        return [
          "--jwt-jwks", "keys.json", "--jwt-issuer", Self.issuer, "--jwt-audience", "user-api",
        ]
      }
    ) { deployment in
      let users = ["alice", "bobby", "carol", "david"]
      let tokens = [
        try await deployment.token(user: users[0]).secret,
        try await deployment.token(user: users[1]).secret, try jwt(users[2]), try jwt(users[3]),
      ]
      #expect(tokens[0].utf8.count == tokens[1].utf8.count)
      #expect(tokens[2].utf8.count == tokens[3].utf8.count)
      for token in tokens { _ = try await deployment.link(token: token) }
      let run = try await Run(
        "/usr/bin/python3",
        ["-c", Self.script, deployment.url + "/user.v1.User/getWhatsAppSession", "50"] + tokens,
        in: deployment.folder)
      #expect(
        run.output == users.map { "200 \($0)\n" }.joined() + "True\n", "\(run.errors)")
    }
  }
}
