/// Why a server does not count as well.
package struct HealthFailure: Error, Equatable, CustomStringConvertible {
  package let description: String
}
