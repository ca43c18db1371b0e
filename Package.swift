// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

extension Target.Dependency {
  static let nioConcurrencyHelpers = product(
    name: "NIOConcurrencyHelpers", package: "swift-nio")
  static let nioCore = product(name: "NIOCore", package: "swift-nio")
  static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
  static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
  static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
  static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
  static let collections = product(name: "DequeModule", package: "swift-collections")
  static let configuration = product(name: "Configuration", package: "swift-configuration")
  static let crypto = product(name: "Crypto", package: "swift-crypto")
  static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
  static let grdb = product(name: "GRDB", package: "GRDB.swift")
  static let jwtKit = product(name: "JWTKit", package: "jwt-kit")
  static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  static let logging = product(name: "Logging", package: "swift-log")
  static let signals = product(name: "UnixSignals", package: "swift-service-lifecycle")
  static let metrics = product(name: "CoreMetrics", package: "swift-metrics")
  static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
  static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
  static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
  static let tracing = product(name: "Tracing", package: "swift-distributed-tracing")
  static let inMemoryTracing = product(
    name: "InMemoryTracing", package: "swift-distributed-tracing")
  static let x509 = product(name: "X509", package: "swift-certificates")
}

let package = Package(
  name: "user-api",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "UserAPIClient", targets: ["UserAPI", "UserAPIClient"]),
    .executable(name: "user-api", targets: ["user-api"]),
    .executable(name: "user-api-server", targets: ["user-api-server"]),
    .executable(name: "waha-simulator", targets: ["waha-simulator"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(
      url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CGlibc"),
    .systemLibrary(
      name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(
      name: "CQRencode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),

    .target(
      name: "HTTP2", dependencies: ["CNghttp2", .nioConcurrencyHelpers, .nioCore, .collections],
      swiftSettings: settings),
    .target(
      name: "UserAPI", dependencies: [.nioCore],
      swiftSettings: settings + [.enableExperimentalFeature("Lifetimes")]),
    .target(
      name: "AuthService",
      dependencies: ["UserAPI", .crypto, .jwtKit, .nioConcurrencyHelpers],
      path: "Sources/Services/Auth",
      swiftSettings: settings),
    .target(
      name: "SessionService",
      dependencies: ["AuthService", "UserAPI", .collections, .nioConcurrencyHelpers],
      path: "Sources/Services/Session", swiftSettings: settings),
    .target(
      name: "DirectoryService",
      dependencies: ["CGlibc", "SessionService", "UserAPI", .collections, .nioConcurrencyHelpers],
      path: "Sources/Services/Directory", swiftSettings: settings),
    .target(
      name: "WAHA",
      dependencies: [
        "CCurl", "DirectoryService", "SessionService", "UserAPI", .collections, .crypto,
        .nioConcurrencyHelpers, .tracing,
      ],
      swiftSettings: settings),
    .target(
      name: "Persistence",
      dependencies: [
        "AuthService", "CPostgres", "SessionService", "UserAPI", .collections, .grdb,
        .nioConcurrencyHelpers,
      ],
      swiftSettings: settings),
    .target(
      name: "UserAPIServer",
      dependencies: [
        "AuthService", "CGlibc", "DirectoryService", "HTTP2", "Persistence", "SessionService",
        "UserAPI", "WAHA", .asn1, .configuration, .lifecycle, .logging, .metrics,
        .nioConcurrencyHelpers,
        .nioCore, .nioHTTP1, .nioPosix, .nioSSL, .nioTLS, .signals, .tracing, .x509,
      ],
      swiftSettings: settings),
    .target(
      name: "UserAPIClient",
      dependencies: [
        "HTTP2", "UserAPI", .nioConcurrencyHelpers, .nioCore, .nioPosix, .nioSSL, .nioTLS,
      ],
      swiftSettings: settings),
    .target(
      name: "WAHASimulator",
      dependencies: [
        "CPNG", "CQRencode", .collections, .crypto, .nioConcurrencyHelpers, .nioCore, .nioHTTP1,
        .nioPosix,
      ],
      swiftSettings: settings),

    .executableTarget(
      name: "user-api-server",
      dependencies: [
        "AuthService", "Persistence", "UserAPI", "UserAPIServer", .argumentParser, .tracing,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "user-api",
      dependencies: [
        "CPNG", "CQRencode", "UserAPI", "UserAPIClient", .argumentParser, .nioCore,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "waha-simulator",
      dependencies: ["WAHASimulator", .argumentParser, .nioCore, .nioPosix],
      swiftSettings: settings),

    .target(
      name: "TestKit",
      dependencies: [
        "AuthService", "DirectoryService", "SessionService", "UserAPI", .crypto, .cryptoExtras,
        .jwtKit, .nioConcurrencyHelpers,
      ],
      path: "Tests/TestKit", swiftSettings: settings),

    .testTarget(
      name: "AuthServiceTests",
      dependencies: [
        "AuthService", "TestKit", "UserAPI", .crypto, .cryptoExtras, .jwtKit,
        .nioConcurrencyHelpers,
      ],
      swiftSettings: settings),
    .testTarget(
      name: "DirectoryServiceTests",
      dependencies: ["DirectoryService", "SessionService", "TestKit", "UserAPI"],
      swiftSettings: settings),
    .testTarget(
      name: "PersistenceTests",
      dependencies: [
        "AuthService", "Persistence", "SessionService", "TestKit", "UserAPI", .grdb,
        .nioConcurrencyHelpers,
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SessionServiceTests",
      dependencies: ["AuthService", "SessionService", "TestKit", "UserAPI"],
      swiftSettings: settings),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "TestKit", "UserAPI", "UserAPIClient", "user-api", "user-api-server", "waha-simulator",
        .nioConcurrencyHelpers,
      ], swiftSettings: settings),
    .testTarget(
      name: "HTTP2Tests", dependencies: ["HTTP2", .nioCore, .nioEmbedded, .nioPosix],
      swiftSettings: settings),
    .testTarget(
      name: "UserAPIServerTests",
      dependencies: [
        "AuthService", "DirectoryService", "HTTP2", "Persistence", "SessionService", "TestKit",
        "UserAPI", "UserAPIClient", "UserAPIServer", "WAHA", .crypto, .inMemoryTracing, .logging,
        .metrics,
        .nioCore, .nioHTTP1, .nioPosix, .tracing,
      ],
      swiftSettings: settings),
    .testTarget(
      name: "UserAPITests", dependencies: ["UserAPI", .nioCore], swiftSettings: settings),
    .testTarget(
      name: "UserAPIClientTests",
      dependencies: [
        "HTTP2", "UserAPI", "UserAPIClient", .nioConcurrencyHelpers, .nioCore, .nioPosix,
      ],
      swiftSettings: settings),
    .testTarget(
      name: "UserAPICommandTests", dependencies: ["CPNG", "UserAPI", "user-api"],
      swiftSettings: settings),
    .testTarget(
      name: "WAHATests",
      dependencies: [
        "DirectoryService", "SessionService", "TestKit", "UserAPI", "WAHA", "WAHASimulator",
        .crypto, .inMemoryTracing, .nioConcurrencyHelpers, .nioCore, .nioPosix, .tracing,
      ],
      swiftSettings: settings),
    .testTarget(
      name: "WAHASimulatorTests",
      dependencies: [
        "WAHASimulator", .nioConcurrencyHelpers, .nioCore, .nioHTTP1, .nioPosix,
      ], swiftSettings: settings),
  ]
)

// The fuzzers (scripts/fuzz) need libFuzzer's instrumentation, so nobody else builds them.
if Context.environment["USER_API_FUZZ"] != nil {
  let fuzzers: [(name: String, dependencies: [Target.Dependency])] = [
    ("EnvelopeFuzz", ["FuzzKit", "UserAPI", .nioCore]),
    ("HeadersFuzz", ["FuzzKit", "UserAPI", .nioCore]),
    ("JSONFuzz", ["FuzzKit", "UserAPI", .nioCore]),
    ("SessionFuzz", ["FuzzKit", "HTTP2", "UserAPI", .nioCore, .nioEmbedded]),
  ]
  package.targets.append(
    .target(
      name: "FuzzKit", dependencies: [.nioCore], path: "Fuzz/FuzzKit", swiftSettings: settings))
  package.targets += fuzzers.map { name, dependencies in
    .executableTarget(
      name: name, dependencies: dependencies, path: "Fuzz/\(name)",
      // libFuzzer brings the `main`.
      swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
  }
}
