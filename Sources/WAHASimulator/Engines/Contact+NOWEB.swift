extension Contact {
  /// A row of the store. Nothing tells a group, yourself or a blocked person from anyone else.
  var noweb: JSON {
    [
      "id": .string(self.id),
      "lid": .orUndefined(self.lid),
      "name": self.javaScriptName ?? (self.variety % 2 == 0 ? .undefined : .null),
      "verifiedName": .orUndefined(self.verifiedName),
      "notify": .orUndefined(self.notify),
      "imgUrl": self.variety % 4 == 0 ? "changed" : .undefined,
      "pushname": .orUndefined(self.pushname),
    ]
  }
}
