internal import AuthService
internal import Foundation
internal import NIOCore
internal import UserAPI

extension ClientServices {
  /// The longest table that is read, in bytes.
  private static let maximumSize = 1 << 20

  /// Reads the table that the settings name.
  ///
  /// - Throws: ``SettingsError``, which says what is wrong with it.
  init(_ settings: TLSSettings) throws(SettingsError) {
    guard let path = settings.clientServices else {
      self = .none
      return
    }
    let contents: Data
    do { contents = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw Self.error("the file cannot be read")
    }
    guard contents.count <= Self.maximumSize else { throw Self.error("the file is over 1 MiB") }
    let table: JSONObject
    do throws(UserAPIError) { table = try JSONReader.readObject(ByteBuffer(bytes: contents)) } catch
    {
      throw Self.error("the file is not a JSON object")
    }
    var services: [String: (id: String, scopes: Scopes?)] = [:]
    for member in table.members {
      guard services[member.key] == nil else { throw Self.error("\(member.key) is there twice") }
      services[member.key] = try Self.service(member)
    }
    self.init(requirement: settings.clientAuth, services: services)
  }

  private static func service(
    _ member: JSONObject.Member
  ) throws(SettingsError) -> (id: String, scopes: Scopes?) {
    guard case .object(let object) = member.value, case .string(let id)? = object["service"],
      UserName.isValid(id)
    else {
      throw Self.error("\(member.key) needs a \"service\", of 1 to 255 bytes without spaces")
    }
    let keys = object.members.map(\.key)
    for key in keys where key != "service" && key != "scopes" {
      throw Self.error("\(member.key) has \"\(key)\", which means nothing")
    }
    guard Set(keys).count == keys.count else {
      throw Self.error("\(member.key) says something twice")
    }
    guard let value = object["scopes"] else { return (id, nil) }
    guard case .array(let words) = value else {
      throw Self.error("\(member.key) has \"scopes\" that are no array")
    }
    var scopes: Scopes = []
    for word in words {
      guard case .string(let word) = word, let scope = Scope(rawValue: word) else {
        let all = Scope.allCases.map(\.rawValue).joined(separator: ", ")
        throw Self.error("\(member.key) has a scope that is none of \(all)")
      }
      scopes.insert(Scopes(scope))
    }
    return (id, scopes)
  }

  private static func error(_ problem: String) -> SettingsError {
    SettingsError(name: TLSSettings.clientServicesName, problem: problem)
  }
}
