internal import AuthService
internal import Logging
internal import UserAPI
internal import WAHA

extension JWTVerifier {
  /// Makes the verifier that the settings ask for. Keys in a file are there when it returns; those
  /// of a URL are read once ``JWTKeyRefresh`` runs, or the first token comes.
  ///
  /// - Throws: ``SettingsError`` for a file that has no key that can be used.
  convenience init(settings: JWTSettings, logger: Logger) async throws(SettingsError) {
    var configuration = JWTKeys.Configuration()
    configuration.maxAge = settings.refreshInterval
    let source: any JWTKeySource
    let isFile: Bool
    switch settings.keys {
    case .file(let path):
      configuration.acceptsSymmetricKeys = true
      isFile = true
      source = JWTKeyFile(path: path)
    case .url(let url):
      isFile = false
      if url.isExposed {
        logger.warning("the keys of JWTs travel in cleartext: who changes them is who calls")
      }
      source = JWTKeyURL(url: url, timeout: configuration.timeout)
    }
    let keys = JWTKeys(source: source, time: .system, configuration: configuration) { event in
      // That stops the start, and is told there.
      if isFile, case .failed(_, hasKeys: false) = event { return }
      Self.log(event, to: logger)
    }
    if isFile {
      do throws(JWTKeySetError) { try await keys.refresh() } catch {
        throw SettingsError(name: JWTSettings.keysName, problem: error.description)
      }
    }
    self.init(keys: keys, configuration: settings.tokens, time: .system)
  }

  private static func log(_ event: JWTKeysEvent, to logger: Logger) {
    func metadata(_ keys: JWTKeySet) -> Logger.Metadata {
      ["keys": "\(keys.count)", "skipped": "\(keys.skipped)"]
    }
    switch event {
    case .loaded(let keys): logger.info("keys of JWTs loaded", metadata: metadata(keys))
    case .changed(let keys): logger.notice("keys of JWTs changed", metadata: metadata(keys))
    case .recovered(let keys):
      logger.info("keys of JWTs can be had again", metadata: metadata(keys))
    case .failed(let error, hasKeys: true):
      logger.warning(
        "keys of JWTs cannot be had, the old ones stay", metadata: ["error": "\(error)"])
    case .failed(let error, hasKeys: false):
      logger.warning(
        "keys of JWTs cannot be had, no JWT is taken", metadata: ["error": "\(error)"])
    }
  }
}
