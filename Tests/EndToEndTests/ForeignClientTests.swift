import Foundation
import Testing

/// Clients that nobody here wrote call a procedure, framed and bare.
@Suite struct ForeignClientTests {
  /// `getSessionStatus` as each client is told to call it; each prints the response's body.
  private static func envelope(_ json: String) -> Data {
    var bytes = Data([0])
    withUnsafeBytes(of: UInt32(json.utf8.count).bigEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: json.utf8)
    return bytes
  }

  private func withStatus(
    _ body: (Deployment, _ message: String, _ token: String) async throws -> Void
  ) async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      try await deployment.awaitStatus("SCAN_QR_CODE", of: name, token: token)
      try await body(deployment, #"{"sessionName":"\#(name)"}"#, token)
    }
  }

  private static let framedAnswer =
    envelope(#"{"status":"SCAN_QR_CODE"}"#) + Data([2, 0, 0, 0, 2]) + Data("{}".utf8)

  @Test func `curl calls it framed`() async throws {
    try await self.withStatus { deployment, message, token in
      let request = deployment.folder.appending(path: "request")
      let response = deployment.folder.appending(path: "response")
      try Self.envelope(message).write(to: request)
      for type in ["application/user-api+json", "application/connect+json"] {
        let run = try await Run(
          "curl",
          [
            "--http2-prior-knowledge", "-sS", "-o", response.path, "-w", "%{http_code}",
            "--data-binary", "@\(request.path)", "-H", "content-type: \(type)",
            "-H", "authorization: Bearer \(token)",
            deployment.url + "/user.v1.User/getSessionStatus",
          ], in: deployment.folder)
        #expect(run.output == "200", "\(run.errors)")
        #expect(try Data(contentsOf: response) == Self.framedAnswer)
      }
    }
  }

  @Test func `nghttp calls it`() async throws {
    try await self.withStatus { deployment, message, token in
      let request = deployment.folder.appending(path: "request")
      try Self.envelope(message).write(to: request)
      let run = try await Run(
        "nghttp",
        [
          "-d", request.path, "-H", "content-type: application/user-api+json",
          "-H", "authorization: Bearer \(token)",
          deployment.url + "/user.v1.User/getSessionStatus",
        ], in: deployment.folder)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains(#"{"status":"SCAN_QR_CODE"}"#))
    }
  }

  @Test func `Python's httpx calls it`() async throws {
    try await self.withStatus { deployment, message, token in
      let script = """
        import sys, httpx
        url, token, message = sys.argv[1:]
        body = message.encode()
        with httpx.Client(http1=False, http2=True, trust_env=False) as client:
            headers = {"content-type": "application/user-api+json",
                       "authorization": "Bearer " + token}
            framed = client.post(url, headers=headers,
                                 content=b"\\0" + len(body).to_bytes(4, "big") + body)
            bare = client.post(url, headers=headers | {"content-type": "application/json"},
                               content=body)
            print(framed.http_version, framed.status_code, framed.content.hex())
            print(bare.http_version, bare.status_code, bare.text)
        """
      let run = try await Run(
        "/usr/bin/python3",
        ["-c", script, deployment.url + "/user.v1.User/getSessionStatus", token, message],
        in: deployment.folder)
      let hexadecimal = Self.framedAnswer.map { String(format: "%02x", $0) }.joined()
      #expect(
        run.output == "HTTP/2 200 \(hexadecimal)\nHTTP/2 200 {\"status\":\"SCAN_QR_CODE\"}\n",
        "\(run.errors)")
    }
  }

  @Test func `Node's http2 calls it`() async throws {
    try await self.withStatus { deployment, message, token in
      let script = """
        const http2 = require('node:http2');
        const [url, token, message] = process.argv.slice(1);
        const client = http2.connect(url);
        client.on('error', (error) => { console.error(error); process.exit(1); });
        const call = (type, body) => new Promise((resolve, reject) => {
          const stream = client.request({':method': 'POST',
            ':path': '/user.v1.User/getSessionStatus', 'content-type': type,
            authorization: 'Bearer ' + token});
          const parts = [];
          let status;
          stream.on('response', (headers) => { status = headers[':status']; });
          stream.on('data', (part) => parts.push(part));
          stream.on('end', () => resolve([status, Buffer.concat(parts)]));
          stream.on('error', reject);
          stream.end(body);
        });
        (async () => {
          const body = Buffer.from(message);
          const head = Buffer.alloc(5);
          head.writeUInt32BE(body.length, 1);
          const [status, framed] = await call('application/user-api+json',
            Buffer.concat([head, body]));
          console.log(status, framed.toString('hex'));
          const [bareStatus, bare] = await call('application/json', body);
          console.log(bareStatus, bare.toString());
          client.close();
        })();
        """
      let run = try await Run(
        "node", ["-e", script, deployment.url, token, message], in: deployment.folder)
      let hexadecimal = Self.framedAnswer.map { String(format: "%02x", $0) }.joined()
      #expect(
        run.output == "200 \(hexadecimal)\n200 {\"status\":\"SCAN_QR_CODE\"}\n", "\(run.errors)")
    }
  }

  @Test func `a client that speaks HTTP/1 is told so`() async throws {
    try await self.withStatus { deployment, _, _ in
      let run = try await Run("curl", ["-sS", "--http1.1", deployment.url], in: deployment.folder)
      #expect(run.output.contains("HTTP/2 only"), "\(run.errors)")
    }
  }

  @Test func `h2load's calls all succeed`() async throws {
    try await self.withStatus { deployment, message, token in
      let request = deployment.folder.appending(path: "request")
      try Self.envelope(message).write(to: request)
      let run = try await Run(
        "h2load",
        [
          "-n", "2000", "-c", "4", "-m", "16", "-d", request.path, "-H",
          "content-type: application/user-api+json", "-H", "authorization: Bearer \(token)",
          deployment.url + "/user.v1.User/getSessionStatus",
        ], in: deployment.folder)
      #expect(run.output.contains("2000 succeeded, 0 failed"), "\(run.output)")
      #expect(run.output.contains("status codes: 2000 2xx"), "\(run.output)")
    }
  }
}
