/// A row that holds what neither this service nor the campaign service would write.
struct CorruptRow: Error, Equatable {
  /// Without the value, which may be anybody's.
  let problem: String
}
