internal import ArgumentParser
internal import WAHASimulator

extension Engine: ExpressibleByArgument {
  package init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}

extension ServerVersion: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}
