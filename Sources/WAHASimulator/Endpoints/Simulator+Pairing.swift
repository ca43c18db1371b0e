internal import NIOCore
internal import NIOHTTP1

/// Linking a phone: the QR code, and the code to type.
extension Simulator {
  func code(_ name: String, _ request: Request, _ dialect: Dialect) throws(Refusal) -> Outcome {
    let format = request.parameter("format") ?? "image"
    guard ["image", "raw"].contains(format) else {
      throw Refusal(.validation(["format must be one of the following values: image, raw"]))
    }
    // The real server compares the whole header and nothing less.
    let wantsJSON = request.headers.first(name: "accept") == "application/json"
    return self.whenReady("SCAN_QR_CODE", name, dialect) { session in
      let text = session.codeText
      guard format == "image" else { return .json(200, ["value": .string(text)]) }
      guard let png = self.codes.picture(of: text, for: name) else {
        return dialect.exception(ServerException("No input text"), to: request)
      }
      guard wantsJSON else { return Response(200, contentType: "image/png", body: png) }
      return .json(200, ["mimetype": "image/png", "data": .string(png.base64)])
    }
  }

  func requestCode(
    _ name: String, _ request: Request, _ dialect: Dialect
  ) throws(Refusal) -> Outcome {
    let body = try request.json()
    guard let session = self.session(name), session.machine.isRunning else {
      throw Refusal(.sessionNotRunning(name))
    }
    guard body["phoneNumber"]?.text?.isEmpty == false else {
      throw Refusal(.validation(["phoneNumber must be a string"]))
    }
    if dialect.engine == .noweb, body["method"]?.text != nil {
      throw Refusal(.failure(422, "NOWEB does not support the 'method' parameter"))
    }
    let status = session.machine.status
    guard status == "SCAN_QR_CODE" else {
      switch dialect.engine {
      case .webjs:
        let message = "Cannot read properties of undefined (reading 'requestPairingCode')"
        throw Refusal(
          dialect.exception(ServerException(message, name: "TypeError"), to: request))
      case .noweb, .gows:
        throw Refusal(
          .failure(
            422,
            "Can request code only in SCAN_QR_CODE status. The current status is \(status)"))
      }
    }
    var random = SystemRandomNumberGenerator()
    let code = PairingCode(using: &random)
    self.update(name) { session, _, _ in session?.pairingCode = code }
    return .answer(.json(201, ["code": .string(code.text)]))
  }

  /// Answers once a session has the status a call needs, or refuses when that takes too long.
  func whenReady(
    _ expected: String, _ name: String, _ dialect: Dialect,
    _ answer: @escaping @Sendable (Session) -> Response
  ) -> Outcome {
    .later {
      let early = self.session(name)
      if !dialect.version.waitsForStoppedSessions, early?.machine.isRunning != true {
        return .response(.sessionNotRunning(name))
      }
      await self.waitForStatus(expected, of: name)
      guard let session = self.session(name) else { return .response(.sessionMissing(name)) }
      guard session.machine.status == expected else {
        return .response(
          .wrongStatus(session: name, status: session.machine.status, expected: expected))
      }
      return .response(answer(session))
    }
  }
}
