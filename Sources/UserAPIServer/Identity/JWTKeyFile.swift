internal import AuthService
internal import Foundation
internal import NIOPosix

/// Keys that are in a file.
struct JWTKeyFile: JWTKeySource {
  let path: String

  func keySet() async throws(JWTKeySetError) -> [UInt8] {
    do {
      return try await NIOThreadPool.singleton.runIfActive {
        let file = try FileHandle(forReadingFrom: URL(filePath: self.path))
        defer { file.closeFile() }
        return Array(try file.read(upToCount: JWTKeySet.maximumSize + 1) ?? Data())
      }
    } catch {
      throw JWTKeySetError("the file cannot be read")
    }
  }
}
