/// The three ways WAHA speaks to WhatsApp. Each answers in JSON shapes of its own.
package enum Engine: String, Sendable, CaseIterable, Codable {
  case webjs = "WEBJS"
  case noweb = "NOWEB"
  case gows = "GOWS"

  /// NOWEB and GOWS open a new socket after the scan and so pass through `STARTING` again.
  var reconnectsAfterScan: Bool {
    switch self {
    case .webjs: false
    case .noweb, .gows: true
    }
  }

  /// What the server reports as its browser; only WEBJS has one.
  var browser: JSON {
    switch self {
    case .webjs: "/usr/bin/chromium"
    case .noweb, .gows: .null
    }
  }
}
