/// The server about itself.
extension Simulator {
  func health() -> Response {
    let space: JSON = [
      "mediaFiles.space": [
        "status": "up", "diskPath": "/",
        "diskSize": 100_000_000_000, "free": 50_000_000_000,
      ]
    ]
    return .json(200, ["status": "ok", "info": space, "error": [:], "details": space])
  }

  func serverStatus(_ dialect: Dialect) -> Response {
    .json(
      200,
      [
        "startTimestamp": .int(self.wallClock.startedAt),
        "uptime": .int(self.wallClock.uptime),
        "worker": dialect.version.reportsWorker ? ["id": "waha-simulator"] : .undefined,
      ])
  }
}
