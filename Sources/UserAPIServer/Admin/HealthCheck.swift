internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Asks a server how it is, from outside and over its admin port, as a probe does.
package struct HealthCheck: Sendable {
  /// What is asked, by its path.
  package enum Question: String, Sendable {
    /// Whether the process runs.
    case live = "/livez"
    /// Whether it can serve calls.
    case ready = "/readyz"
  }

  /// Where the admin port is.
  let address: ListenAddress
  /// For how long it is waited in all. Default: 2 s.
  let timeout: Duration

  init(address: ListenAddress, timeout: Duration = .seconds(2)) {
    self.address = address
    self.timeout = timeout
  }

  /// Finds the admin port by the setting that the server on this machine was given.
  ///
  /// - Throws: ``SettingsError`` when the setting is bad, or says port 0: which port it then is only
  ///   the server knows.
  package init(flags: [String: String], environment: [String: String]) throws(SettingsError) {
    let address = try Settings.adminListen(flags: flags, environment: environment)
    guard let address = address.asClientsSeeIt else {
      throw SettingsError(name: Settings.adminListenName, problem: "must name the port to ask")
    }
    self.init(address: address)
  }

  /// - Returns: The server's word, one line.
  /// - Throws: ``HealthFailure`` when it is not well, or cannot be asked.
  package func ask(_ question: Question) async throws(HealthFailure) -> String {
    let answer: HealthAnswer
    do {
      let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
      answer = try await self.answer(to: question, on: eventLoop).get()
    } catch let failure as HealthFailure {
      throw failure
    } catch {
      throw HealthFailure(description: "\(self.address) cannot be reached")
    }
    guard answer.status == 200 else {
      throw HealthFailure(description: "\(self.address) answers \(answer.status) \(answer.line)")
    }
    return answer.line
  }

  private func answer(
    to question: Question, on eventLoop: any EventLoop
  ) -> EventLoopFuture<HealthAnswer> {
    let answer = eventLoop.makePromise(of: HealthAnswer.self)
    // The time limit holds for finding a name's address, too.
    let end = eventLoop.scheduleTask(in: TimeAmount(self.timeout)) {
      answer.fail(
        HealthFailure(description: "\(self.address) does not answer within \(self.timeout)"))
    }
    let bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(TimeAmount(self.timeout))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(
            HealthQuestionHandler(path: question.rawValue, answer: answer))
        }
      }
    let connection =
      switch self.address {
      case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
      case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
      }
    connection.cascadeFailure(to: answer)
    answer.futureResult.whenComplete { _ in
      end.cancel()
      connection.whenSuccess { $0.close(promise: nil) }
    }
    return answer.futureResult
  }
}
