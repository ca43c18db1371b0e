internal import Foundation
internal import FuzzKit
internal import NIOCore
internal import UserAPI

/// A message as a peer sent it: what is taken Foundation takes too and reads alike, what is
/// written reads back as itself, and as a list it has the same elements.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = ByteBuffer(bytes: UnsafeBufferPointer(start: data, count: count))
  do throws(UserAPIError) {
    let value = try JSONReader.read(text)
    // Foundation has no infinity, and what is too large for Double is one here.
    if !value.hasInfinity { checkMeaning(of: value, as: text) }
    checkStrings(of: value)
    checkElements(of: value, text)
  } catch {
    checkRefusal(error)
    checkElements(of: nil, text)
  }
  checkMessage(NoInput.self, text) { _ in true }
  checkMessage(SessionRequest.self, text) { $0 == $1 }
  checkMessage(UpdateSessionPhoneRequest.self, text) { $0 == $1 }
  checkMessage(DirectoryRequest.self, text) { request in
    (request.limit ?? 1) >= 1 && request.cursor >= 0
  }
  checkMessage(DirectoryRequest.self, text) { $0 == $1 }
  checkMessage(WhatsAppSession?.self, text) { $0 == $1 }
  checkMessage(InitiatedSession.self, text) { $0 == $1 }
  checkMessage(SessionStatusReply.self, text) { $0 == $1 }
  checkMessage(SessionQRCode.self, text) { $0 == $1 }
  checkMessage(Success.self, text) { $0 == $1 }
  checkMessage(GroupPage.self, text) { $0 == $1 }
  checkMessage(ContactPage.self, text) { $0 == $1 }
  checkError(text)
  return 0
}

private func checkRefusal(_ error: UserAPIError) {
  check(
    error.reason == .malformedJSON || error.reason == .invalidField, "\(error.reason)")
}

private func checkMeaning(of value: JSONValue, as text: ByteBuffer) {
  do {
    let other = try JSONSerialization.jsonObject(
      with: Data(text.readableBytesView), options: .fragmentsAllowed)
    check(value.means(other), "\(value) is \(other) to Foundation")
  } catch {
    check(false, "Foundation does not take \(value): \(error)")
  }
}

/// All strings of what was read, written and read again.
private func checkStrings(of value: JSONValue) {
  let strings = value.strings
  var writer = JSONWriter()
  writer.array(strings) { writer, string in writer.string(string) }
  guard case .array(let again) = accepted(writer.buffer) else {
    return check(false, "a list is no list")
  }
  check(again.count == strings.count, "strings are lost")
  for (one, other) in zip(strings, again) { check(.string(one) ~ other, "\(one) becomes \(other)") }
}

/// What is taken as a message is taken as a list, too, and its elements are the same but for what
/// nobody wants.
private func checkElements(of value: JSONValue?, _ text: ByteBuffer) {
  let keys = ["id", "name", "a"]
  var elements: [JSONValue] = []
  do throws(UserAPIError) {
    let container = try JSONReader.forEachElement(
      of: Array(text.readableBytesView), keys: JSONKeys(keys)
    ) { elements.append($0) }
    switch value {
    case .array(let values):
      check(container == .array && elements == values.map { $0.keeping(keys) }, "\(elements)")
    case .object(let object):
      check(container == .object, "an object is an array")
      check(elements == object.members.map { $0.value.keeping(keys) }, "\(elements)")
    case nil: break
    case .null, .bool, .integer, .number, .string: check(false, "a list is made of \(text)")
    }
  } catch {
    checkRefusal(error)
    switch value {
    case .array, .object: check(false, "\(text) is no list: \(error.message)")
    case nil, .null, .bool, .integer, .number, .string: break
    }
  }
}

extension JSONValue {
  /// Without the members that nobody wants.
  fileprivate func keeping(_ keys: [String]) -> JSONValue {
    switch self {
    case .null, .bool, .integer, .number, .string: return self
    case .array(let values): return .array(values.map { $0.keeping(keys) })
    case .object(var object):
      object.members.removeAll { !keys.contains($0.key) }
      for index in object.members.indices {
        object.members[index].value = object.members[index].value.keeping(keys)
      }
      return .object(object)
    }
  }
}

private func accepted(_ text: ByteBuffer) -> JSONValue {
  do throws(UserAPIError) {
    return try JSONReader.read(text)
  } catch {
    fatalError("\(String(buffer: text)) was written and is refused: \(error.message)")
  }
}

private func checkMessage<M: Message>(
  _ type: M.Type, _ text: ByteBuffer, isSame: (M, M) -> Bool
) {
  checkMessage(type, text) { message in
    let again: M
    do throws(UserAPIError) {
      again = try M(buffer: message.encoded())
    } catch {
      fatalError("\(M.self) does not read what it wrote: \(error.message)")
    }
    check(isSame(message, again), "\(message) becomes \(again)")
    check(message.encoded() == again.encoded(), "\(message) is written differently")
    let written = message.encoded()
    checkMeaning(of: accepted(written), as: written)
    return true
  }
}

private func checkMessage<M: Message>(_: M.Type, _ text: ByteBuffer, isLegal: (M) -> Bool) {
  do throws(UserAPIError) {
    let message = try M(buffer: text)
    check(isLegal(message), "\(message)")
  } catch {
    checkRefusal(error)
  }
}

/// An error of a server, in whatever form, becomes one that can be written.
private func checkError(_ text: ByteBuffer) {
  do throws(UserAPIError) {
    let error = UserAPIError(object: try JSONReader.readObject(text))
    check((100..<600).contains(error.httpStatus), "the status \(error.httpStatus)")
    var writer = JSONWriter()
    error.write(to: &writer)
    guard case .object(let again) = accepted(writer.buffer) else {
      return check(false, "an error is no object")
    }
    check(UserAPIError(object: again) == error, "\(error) becomes another")
  } catch {
    checkRefusal(error)
  }
}
