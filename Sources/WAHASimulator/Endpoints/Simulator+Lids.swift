/// LIDs and the numbers they stand for.
extension Simulator {
  func lids(_ name: String, _ request: Request, _ dialect: Dialect) throws(Refusal) -> Outcome {
    let paging = try Paging(request, sortFields: [])
    return self.whenReady("WORKING", name, dialect) { _ in
      let pairs = self.setup.book.lids.dropFirst(max(0, paging.offset ?? 0))
        .prefix(max(0, paging.limit ?? 100))
      return .json(200, .array(pairs.map { Self.pair(lid: $0.lid, number: $0.number) }))
    }
  }

  func countLids(_ name: String, _ dialect: Dialect) -> Outcome {
    self.whenReady("WORKING", name, dialect) { _ in
      .json(200, ["count": .int(self.setup.book.lids.count)])
    }
  }

  func lid(_ name: String, _ lid: String, _ dialect: Dialect) -> Outcome {
    self.whenReady("WORKING", name, dialect) { _ in
      let lid = lid.contains("@") ? lid : "\(lid)@lid"
      return .json(200, Self.pair(lid: lid, number: self.setup.book.number(ofLid: lid)))
    }
  }

  func lidOfNumber(_ name: String, _ number: String, _ dialect: Dialect) -> Outcome {
    self.whenReady("WORKING", name, dialect) { _ in
      let id = "\(number.prefix { $0 != "@" })@c.us"
      return .json(200, Self.pair(lid: self.setup.book.lid(ofNumber: id), number: id))
    }
  }

  private static func pair(lid: String?, number: String?) -> JSON {
    ["lid": .orNull(lid), "pn": .orNull(number)]
  }
}
