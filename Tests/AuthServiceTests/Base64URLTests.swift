import TestKit
import Testing

@testable import AuthService

@Suite struct Base64URLTests {
  @Test(arguments: [
    ("", ""), ("Zg", "f"), ("Zm8", "fo"), ("Zm9v", "foo"), ("Zm9vYg", "foob"),
    ("Zm9vYmE", "fooba"), ("Zm9vYmFy", "foobar"),
  ])
  func `the examples of RFC 4648 are read`(text: String, value: String) {
    #expect(Base64URL.decode(text.utf8) == Array(value.utf8))
  }

  @Test func `every byte can be read`() {
    #expect(Base64URL.decode("-_-_".utf8) == [0xFB, 0xFF, 0xBF])
    for byte in UInt8.min ... .max {
      let text = JWTSigner.base64URL([byte, byte, byte, byte])
      #expect(Base64URL.decode(text.utf8) == [byte, byte, byte, byte])
    }
  }

  @Test(arguments: [
    "A", "AAAAA", "Zg==", "Zg=", "Zm8=", "Zh", "Zm9", "Z+A", "Z/A", "Zm9v\n", " Zm9v", "Zm 9v",
    "Zm9é", "Zm9\u{0}", "=", "Zm9v=",
  ])
  func `there is no other spelling`(text: String) {
    #expect(Base64URL.decode(text.utf8) == nil)
  }
}
