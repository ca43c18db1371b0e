internal import GRDB

/// A row that is read into properties named as its columns are, in camel case.
protocol DatabaseRow: Decodable, FetchableRecord {}

extension DatabaseRow {
  static var databaseColumnDecodingStrategy: DatabaseColumnDecodingStrategy {
    .convertFromSnakeCase
  }
}
