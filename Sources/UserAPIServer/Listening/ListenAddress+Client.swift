/// The address from the other side.
extension ListenAddress: CustomStringConvertible {
  /// Where a client on the same machine reaches what listens here; nil where any port would do, and
  /// only the listener knows which it got.
  var asClientsSeeIt: ListenAddress? {
    switch self {
    case .tcp(_, port: 0): nil
    case .tcp(host: "0.0.0.0", let port): .tcp(host: "127.0.0.1", port: port)
    case .tcp(host: "::", let port): .tcp(host: "::1", port: port)
    case .tcp, .unix: self
    }
  }

  /// The address as people write it.
  package var description: String {
    switch self {
    case .tcp(let host, let port):
      host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}
