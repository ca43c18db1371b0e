/// Which end of a connection a session is.
package enum Role: Sendable {
  case client
  case server
}
