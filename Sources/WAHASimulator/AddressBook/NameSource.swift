/// Names of people and groups in many scripts.
struct NameSource {
  private static let people = [
    ["Zoë", "Łukasz", "José", "Søren", "Ångström", "Chloé", "Đorđe", "Noël"],
    ["Jürgen Groß", "Anneliese Weiß", "Müller", "Käthe Strauß", "Götz", "Björn Süß"],
    ["محمد", "فاطمة الزهراء", "أحمد", "ليلى", "يوسف"],
    ["राज", "प्रिया शर्मा", "अर्जुन", "सीता", "विक्रम सिंह"],
    ["Иван", "Ольга Петрова", "Дмитрий", "Наталья", "Ёлка"],
    ["Emma 🌸", "🚀 Max", "👩‍👩‍👧 Mum", "Tom 🏳️‍🌈", "O'Brien \"Obi\""],
    ["李伟", "さくら", "김민준", "Δημήτρης", "שרה"],
  ]

  private static let surnames = [
    "Silva", "Novák", "O’Neill", "Öztürk", "García", "Straße", "Kowalski", "Nguyễn", "Meyer",
    "Dubois", "İnan", "Åberg",
  ]

  private static let topics = [
    "Família", "Straßenfest", "Schützenverein Köln", "عائلة", "परिवार", "Семья", "Футбол",
    "Book Club 📚", "Fußball", "Garçons", "🎉 Party", "Neighbours / Nachbarn", "同学会",
    "Sales \"EMEA\"", "École", "दोस्त", "أصدقاء", "Žižkov",
  ]

  static func person(_ index: Int, using random: inout SplitMix64) -> String {
    let first = random.pick(random.pick(Self.people))
    return index % 3 == 0 ? first : "\(first) \(random.pick(Self.surnames))"
  }

  static func group(_ index: Int, using random: inout SplitMix64) -> String {
    let topic = random.pick(Self.topics)
    return index % 4 == 0 ? topic : "\(topic) \(index)"
  }
}
