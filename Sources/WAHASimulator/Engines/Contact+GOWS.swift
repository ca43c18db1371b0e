extension Contact {
  /// Id and names, no more. A missing name is empty for some contacts and left out for others.
  var gows: JSON {
    let missing: JSON = self.variety.isMultiple(of: 2) ? "" : .undefined
    return [
      "id": .string(self.id),
      // Go writes what is no character as this.
      "name": self.name.map { .string(self.isNameCut ? $0.dropLast() + "\u{FFFD}" : $0) }
        ?? missing,
      "pushname": self.pushname.map { .string($0) } ?? missing,
    ]
  }
}
