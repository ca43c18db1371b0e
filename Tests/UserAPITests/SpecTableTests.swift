import NIOCore
import Testing
import UserAPI

@Suite struct SpecTableTests {
  private let spec: SpecFile

  init() throws {
    self.spec = try SpecFile.read()
  }

  @Test func `the table of codes is the code's, in the same order`() throws {
    let rows = try self.spec.section("6.1").rows(columns: 4)
    #expect(rows.map { $0[0] } == ErrorCode.all.map(\.rawValue))
    for row in rows {
      let code = ErrorCode(rawValue: row[0])
      #expect(row[1] == "\(code.httpStatus)", "\(row[0])")
      #expect(row[2] == code.trpcCode, "\(row[0])")
    }
  }

  @Test func `the table of reasons is the code's, in the same order`() throws {
    let rows = try self.spec.section("6.2").rows(columns: 6)
    let own: [ErrorReason] = [.connectionFailed, .invalidResponse]
    #expect(rows.map { $0[0] } == (ErrorReason.sent + own).map(\.rawValue))
    for row in rows {
      let error = UserAPIError(ErrorReason(rawValue: row[0]), "")
      #expect(row[1] == error.code.rawValue, "\(row[0])")
      #expect(row[2] == "\(error.httpStatus)", "\(row[0])")
      #expect(row[3] == error.trpcCode, "\(row[0])")
      #expect(ErrorCode.all.contains(error.code), "\(row[0])")
    }
  }

  @Test func `every reason in the text is in the table`() throws {
    let known = Set(ErrorReason.sent.map(\.rawValue))
    for procedure in Procedure.allCases {
      for reason in try self.errors(of: procedure) {
        #expect(known.contains(reason), "\(procedure.rawValue)")
      }
    }
  }

  @Test func `the table of scopes is the code's, in the same order`() throws {
    let rows = try self.spec.section("2.6").rows(columns: 2)
    #expect(rows.map { $0[0] } == Procedure.allCases.map(\.rawValue))
    #expect(rows.map { $0[1] } == Procedure.allCases.map(\.scope.rawValue))
    // Nothing needs what is only for calling for others.
    #expect(Set(rows.map { $0[1] }) == Set(Scope.allCases.map(\.rawValue)).subtracting(["act-as"]))
  }

  @Test func `every procedure has its section, in the order of the code`() {
    let titles = self.spec.sections.map(\.title).filter {
      $0.hasPrefix("7.") && !$0.hasPrefix("7. ")
    }
    #expect(
      titles
        == Procedure.allCases.enumerated().map { "7.\($0.offset + 1) \($0.element.rawValue)" })
  }

  @Test func `only the procedures that take a session name can fail to find it`() throws {
    for procedure in Procedure.allCases {
      #expect(
        try self.errors(of: procedure).contains("SESSION_NOT_FOUND")
          == (procedure.hasInput && procedure != .linkSession),
        "\(procedure.rawValue)")
    }
  }

  @Test func `the content types are the code's`() throws {
    let rows = try self.spec.section("3.").rows(columns: 4)
    #expect(rows.map { $0[0] } == ContentType.allCases.map(\.rawValue))
    #expect(rows.map { $0[1] == "framed" } == ContentType.allCases.map(\.isFramed))
  }

  @Test func `the header accept-post names the content types`() throws {
    let rows = try self.spec.section("2.4").rows(columns: 3)
    let row = try #require(rows.first { $0[0] == "accept-post" })
    #expect(row[2] == ContentType.allCases.map(\.rawValue).joined(separator: ", "))
  }

  @Test func `the depth of JSON is the reader's`() throws {
    let rows = try self.spec.section("8.1").rows(columns: 3)
    #expect(rows.contains { $0[0] == "depth of JSON" && $0[1] == "32 levels" })
    #expect(JSONReader.maximumDepth == 32)
  }

  /// The reasons in the paragraph `Errors: …` of a procedure's section.
  private func errors(of procedure: Procedure) throws -> [String] {
    let index = try #require(Procedure.allCases.firstIndex(of: procedure)) + 1
    let section = try self.spec.section("7.\(index)")
    let start = try #require(section.lines.firstIndex { $0.hasPrefix("Errors: ") })
    let paragraph = section.lines[start...].prefix { !$0.isEmpty }.joined(separator: " ")
    return paragraph.split(separator: "`").map(String.init).filter { word in
      word.allSatisfy { $0 == "_" || ("A"..."Z").contains($0) }
    }
  }
}
