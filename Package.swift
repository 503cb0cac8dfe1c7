// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// A module left of the line (pure) or right of it; both are built alike.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// In release without symbols, which are more than half of it.
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, swiftSettings: settings,
        linkerSettings: [.unsafeFlags(["-Xlinker", "-s"], .when(configuration: .release))])
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")

let package = Package(
    name: "holdfast",
    products: [
        .executable(name: "holdfast", targets: ["holdfast"]),
        .executable(name: "holdfastd", targets: ["holdfastd"]),
        .executable(name: "holdfast-guard", targets: ["holdfast-guard"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        // Pure: values in, effects out.
        module("HoldfastCore"),
        module("HoldfastPaxos", ["HoldfastCore"]),
        module("HoldfastSessions", ["HoldfastCore", "HoldfastPaxos"]),
        module("HoldfastJobs", ["HoldfastCore"]),
        module("HoldfastGuardCore", ["HoldfastCore"]),
        module(
            "HoldfastWire",
            ["HoldfastCore", "HoldfastPaxos", "HoldfastSessions", "HoldfastJobs"]),
        module(
            "HoldfastNode",
            [
                "HoldfastCore", "HoldfastPaxos", "HoldfastSessions", "HoldfastJobs",
                "HoldfastGuardCore", "HoldfastWire",
            ]),
        module(
            "HoldfastSimulation",
            [
                "HoldfastCore", "HoldfastPaxos", "HoldfastSessions", "HoldfastJobs",
                "HoldfastGuardCore", "HoldfastWire", "HoldfastNode",
            ]),

        // World: drivers that carry effects out.
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "CHoldfastLinux", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .target(name: "CHoldfastStorage"),
        module("HoldfastLinux", ["HoldfastCore", "HoldfastGuardCore", "CHoldfastLinux"]),
        module("HoldfastGuard", ["HoldfastCore", "HoldfastGuardCore", "HoldfastLinux"]),
        module("HoldfastSpec", ["HoldfastCore", "HoldfastSessions", "HoldfastJobs", "CYAML"]),
        module(
            "HoldfastStorage", ["HoldfastCore", "HoldfastPaxos", "CSQLite", "CHoldfastStorage"]),
        module("HoldfastTransport", ["HoldfastCore", nioCore, nioPosix]),
        module(
            "HoldfastAPI",
            ["HoldfastCore", "HoldfastJobs", "HoldfastSpec", nioCore, nioPosix, nioHTTP]),
        module(
            "HoldfastDaemon",
            [
                "HoldfastCore", "HoldfastPaxos", "HoldfastSessions", "HoldfastJobs",
                "HoldfastGuardCore", "HoldfastWire", "HoldfastNode", "HoldfastLinux",
                "HoldfastSpec", "HoldfastStorage", "HoldfastTransport", "HoldfastAPI",
                "CHoldfastLinux", logging, nioCore, nioPosix,
            ]),

        module(
            "HoldfastCommand",
            [
                "HoldfastCore", "HoldfastSessions", "HoldfastJobs", "HoldfastSpec", "HoldfastAPI",
                argumentParser, nioPosix,
            ]),

        // Executables, thin.
        program("holdfast", ["HoldfastCommand"]),
        program("holdfastd", ["HoldfastCore", "HoldfastDaemon", argumentParser]),
        program("holdfast-simulate", ["HoldfastCore", "HoldfastSimulation", argumentParser]),
        // In release without any shared library: small, and nothing to load when memory is short.
        .executableTarget(
            name: "holdfast-guard", dependencies: ["HoldfastGuard", "HoldfastLinux"],
            swiftSettings: settings,
            linkerSettings: [
                .unsafeFlags(
                    ["-static-executable", "-Xlinker", "--gc-sections", "-Xlinker", "-s"],
                    .when(configuration: .release))
            ]),

        // Tests, and the programs that they start.
        tests("TidyTests", []),
        tests("HoldfastCoreTests", ["HoldfastCore"]),
        tests("HoldfastPaxosTests", ["HoldfastCore", "HoldfastPaxos"]),
        tests("HoldfastSessionsTests", ["HoldfastCore", "HoldfastSessions"]),
        tests("HoldfastJobsTests", ["HoldfastCore", "HoldfastJobs"]),
        tests(
            "HoldfastNodeTests",
            [
                "HoldfastCore", "HoldfastPaxos", "HoldfastSessions", "HoldfastJobs",
                "HoldfastGuardCore", "HoldfastWire", "HoldfastNode",
            ]),
        tests(
            "HoldfastSimulationTests",
            [
                "HoldfastCore", "HoldfastPaxos", "HoldfastSessions", "HoldfastJobs",
                "HoldfastGuardCore", "HoldfastWire", "HoldfastNode", "HoldfastSimulation",
            ]),
        tests(
            "HoldfastWireTests",
            [
                "HoldfastCore", "HoldfastPaxos", "HoldfastSessions", "HoldfastJobs",
                "HoldfastWire",
            ]),
        tests("HoldfastGuardCoreTests", ["HoldfastGuardCore", "HoldfastCore"]),
        tests(
            "HoldfastGuardTests",
            [
                "HoldfastGuard", "HoldfastGuardCore", "HoldfastLinux", "HoldfastCore",
                "holdfast-guard",
            ]),
        tests(
            "HoldfastSpecTests",
            ["HoldfastSpec", "HoldfastCore", "HoldfastSessions", "HoldfastJobs"]),
        .executableTarget(
            name: "holdfast-store-writer",
            dependencies: ["HoldfastCore", "HoldfastPaxos", "HoldfastStorage"],
            path: "Tests/StoreWriter", swiftSettings: settings),
        tests(
            "HoldfastStorageTests",
            [
                "HoldfastCore", "HoldfastPaxos", "HoldfastStorage", "CSQLite",
                "holdfast-store-writer",
            ]),
        tests(
            "HoldfastDaemonTests",
            [
                "HoldfastCore", "HoldfastPaxos", "HoldfastSessions", "HoldfastJobs",
                "HoldfastGuardCore", "HoldfastNode", "HoldfastLinux", "HoldfastSpec",
                "HoldfastStorage", "HoldfastAPI", "HoldfastDaemon", logging, nioCore, nioPosix,
            ]),
        tests("HoldfastTransportTests", ["HoldfastCore", "HoldfastTransport", nioCore, nioPosix]),
        .target(
            name: "HoldfastAPISupport",
            dependencies: [
                "HoldfastCore", "HoldfastJobs", "HoldfastSpec", "HoldfastAPI", nioCore, nioPosix,
            ],
            path: "Tests/APISupport", swiftSettings: settings),
        tests(
            "EndToEndTests",
            [
                "HoldfastCore", "HoldfastLinux", "HoldfastSpec", "HoldfastAPI", "holdfast", "holdfastd",
                "holdfast-guard", "holdfast-witness",
            ]),
        tests(
            "HoldfastAPITests",
            [
                "HoldfastCore", "HoldfastJobs", "HoldfastSpec", "HoldfastAPI",
                "HoldfastAPISupport", nioCore, nioPosix,
            ]),
        tests(
            "HoldfastCommandTests",
            [
                "HoldfastCore", "HoldfastJobs", "HoldfastSpec", "HoldfastAPI", "HoldfastCommand",
                "HoldfastAPISupport", "holdfast", nioPosix,
            ]),
        .executableTarget(
            name: "holdfast-witness", path: "Tests/Witness", swiftSettings: settings),
        .executableTarget(
            name: "holdfast-benchmark",
            dependencies: [
                "HoldfastCore", "HoldfastGuardCore", "HoldfastLinux", "HoldfastSpec",
                "HoldfastAPI",
            ],
            path: "Tests/Benchmark", swiftSettings: settings),
    ]
)
