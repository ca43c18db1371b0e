/// The lists of a session that the services read; a metric's label.
package enum WAHAList: String, CaseIterable, Sendable {
  case groups, contacts
}
