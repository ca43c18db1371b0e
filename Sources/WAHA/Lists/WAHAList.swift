/// The lists of a session that are read; a metric's label.
package enum WAHAList: String, CaseIterable, Sendable {
  case groups, contacts, lids
}
