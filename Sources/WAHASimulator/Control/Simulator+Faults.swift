internal import NIOCore
internal import NIOHTTP1

extension Simulator {
  /// Answers a request that a fault has caught.
  func answer(_ request: Request, with fault: Fault) -> Outcome {
    guard fault.latency > .zero else { return self.outcome(request, with: fault) }
    return .later {
      await self.wait(fault.latency)
      return await self.outcome(request, with: fault).reply
    }
  }

  private func outcome(_ request: Request, with fault: Fault) -> Outcome {
    let outcome = self.untruncated(request, fault.answer)
    guard let length = fault.truncateAfter else { return outcome }
    return .later {
      switch await outcome.reply {
      case .response(let response): .truncated(response, after: length)
      case let reply: reply
      }
    }
  }

  private func untruncated(_ request: Request, _ answer: Fault.Answer) -> Outcome {
    switch answer {
    case .real: return self.answer(request)
    case .drop: return .now(.close)
    case .hang: return .now(.silence)
    case .redirect(let location):
      return .answer(
        Response(
          302, contentType: "text/plain; charset=utf-8",
          body: ByteBuffer(string: "Found. Redirecting to \(location)"), location: location))
    case .exception(let exception):
      let (engine, version, _) = self.setup
      return .answer(.exception(exception, to: request, engine: engine, version: version))
    case .status(let status, let body, let contentType, let retryAfter):
      var response = Self.made(status, body: body, contentType: contentType)
      response.retryAfter = retryAfter
      return .answer(response)
    }
  }

  private static func made(_ status: Int, body: String?, contentType: String?) -> Response {
    let phrase = HTTPResponseStatus(statusCode: status).reasonPhrase
    let html = "text/html; charset=utf-8"
    guard let body else {
      switch status {
      case 200...299: return .empty(status)
      case 401: return .unauthorized
      case 502, 503, 504:
        let page =
          "<html><head><title>\(status) \(phrase)</title></head><body><center><h1>"
          + "\(status) \(phrase)</h1></center><hr><center>nginx</center></body></html>\n"
        return Response(status, contentType: html, body: ByteBuffer(string: page))
      default: return .failure(status, phrase)
      }
    }
    let isJSON = body.hasPrefix("{") || body.hasPrefix("[")
    return Response(
      status, contentType: contentType ?? (isJSON ? Response.jsonType : html),
      body: ByteBuffer(string: body))
  }
}

extension Outcome {
  /// The reply, waited for where it takes time.
  var reply: Reply {
    get async {
      switch self {
      case .now(let reply): reply
      case .later(let work): await work()
      }
    }
  }
}
