import NIOCore
import Testing
import UserAPI

/// The examples and the schemas of proto-spec.md, section 7.
@Suite struct SpecProcedureTests {
  private let spec: SpecFile

  init() throws {
    self.spec = try SpecFile.read()
  }

  private func json(_ info: String) throws -> JSONValue {
    let text = try self.spec.text(info)
    return try JSONReader.read(ByteBuffer(string: text))
  }

  @Test(arguments: Procedure.allCases)
  func `the example of a request is one`(procedure: Procedure) throws {
    let text = try self.spec.text("json request \(procedure.rawValue)")
    let request = try procedure.request(ByteBuffer(string: text))
    let again = try procedure.request(request.encoded())
    #expect(again.encoded() == request.encoded())
  }

  @Test(arguments: Procedure.allCases)
  func `the example of a response is what the code writes`(procedure: Procedure) throws {
    let example = try self.json("json response \(procedure.rawValue)")
    let text = try self.spec.text("json response \(procedure.rawValue)")
    let reply = try procedure.reply(ByteBuffer(string: text))
    #expect(try JSONReader.read(reply.encoded()) == example)
  }

  @Test(arguments: Procedure.allCases)
  func `the examples follow their schemas`(procedure: Procedure) throws {
    let name = procedure.rawValue
    try self.check(
      self.json("json request \(name)"), self.json("json schema input \(name)"), at: name)
    try self.check(
      self.json("json response \(name)"), self.json("json schema output \(name)"), at: name)
  }

  @Test func `the errors of the examples are what the code writes`() throws {
    let blocks = self.spec.blocks.filter { $0.info.starts(with: ["json", "error"]) }
    #expect(!blocks.isEmpty)
    let schema = try self.json("json schema error")
    for block in blocks {
      let example = try JSONReader.readObject(
        ByteBuffer(string: block.lines.joined(separator: "\n")))
      var writer = JSONWriter()
      UserAPIError(object: example).write(to: &writer)
      #expect(try JSONReader.readObject(writer.buffer) == example, "line \(block.line)")
      try self.check(.object(example), schema, at: "error")
    }
  }

  /// Checks the few words of JSON Schema that the spec uses; another is an issue.
  private func check(_ value: JSONValue, _ schema: JSONValue, at path: String) throws {
    guard case .object(let schema) = schema else {
      Issue.record("\(path): the schema is no object")
      return
    }
    var properties = JSONObject()
    for member in schema.members {
      switch (member.key, member.value) {
      case ("type", .string(let type)):
        #expect(self.types(of: value).contains(type), "\(path)")
      case ("type", .array(let types)):
        #expect(types.contains { self.types(of: value).map(JSONValue.string).contains($0) })
      case ("const", let constant): #expect(value == constant, "\(path)")
      case ("enum", .array(let values)): #expect(values.contains(value), "\(path)")
      case ("properties", .object(let object)): properties = object
      case ("required", .array(let keys)):
        guard case .object(let object) = value else { continue }
        for case .string(let key) in keys { #expect(object[key] != nil, "\(path).\(key)") }
      case ("items", let items):
        guard case .array(let values) = value else { continue }
        for value in values { try self.check(value, items, at: "\(path)[]") }
      case ("minimum", .integer(let minimum)):
        guard case .integer(let integer) = value else { continue }
        #expect(integer >= minimum, "\(path)")
      case ("pattern", .string(let pattern)):
        guard case .string(let string) = value else { continue }
        #expect(try Regex(pattern).wholeMatch(in: string) != nil, "\(path)")
      case ("$schema", _), ("description", _), ("default", _), ("format", _),
        ("contentEncoding", _):
        continue
      default: Issue.record("\(path): the test does not know \(member.key)")
      }
    }
    guard case .object(let object) = value else { return }
    for member in object.members {
      let property = properties[member.key]
      #expect(property != nil, "\(path).\(member.key) is not in the schema")
      if let property { try self.check(member.value, property, at: "\(path).\(member.key)") }
    }
  }

  private func types(of value: JSONValue) -> [String] {
    switch value {
    case .null: ["null"]
    case .bool: ["boolean"]
    case .integer: ["integer", "number"]
    case .number: ["number"]
    case .string: ["string"]
    case .array: ["array"]
    case .object: ["object"]
    }
  }
}
