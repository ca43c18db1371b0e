/// The modules of a QR code (ISO/IEC 18004).
struct QRMatrix: Equatable {
  /// How many modules a side has: 21, 25, and so on up to 177.
  let size: Int
  /// Whether a module is dark, row by row.
  private let modules: [Bool]

  /// - Parameter modules: Whether each is dark, row by row.
  init(size: Int, modules: [Bool]) {
    precondition(modules.count == size * size, "a code is a square")
    self.size = size
    self.modules = modules
  }

  /// Finds the code in an upright, undistorted picture; nil if there is none.
  init?(_ image: GrayImage) {
    guard let box = Self.darkBox(image) else { return nil }
    // The upper left finder pattern begins with seven dark modules.
    let run = box.x.prefix { image.isDark(x: $0, y: box.y.lowerBound) }.count
    guard box.x.count < 40 * run else { return nil }
    let size = Int((Double(box.x.count) * 7 / Double(run)).rounded())
    guard (21...177).contains(size), size % 4 == 1, box.x.count >= size, box.y.count >= size,
      abs(box.x.count - box.y.count) * size <= box.x.count
    else { return nil }

    var modules: [Bool] = []
    modules.reserveCapacity(size * size)
    for row in 0..<size {
      let y = box.y.lowerBound + (2 * row + 1) * box.y.count / (2 * size)
      for column in 0..<size {
        let x = box.x.lowerBound + (2 * column + 1) * box.x.count / (2 * size)
        modules.append(image.isDark(x: x, y: y))
      }
    }
    self.size = size
    self.modules = modules
    guard self.hasFinderPatterns else { return nil }
  }

  /// Whether a module is dark; those outside the code are not.
  func isDark(row: Int, column: Int) -> Bool {
    guard (0..<self.size).contains(row), (0..<self.size).contains(column) else { return false }
    return self.modules[row * self.size + column]
  }

  /// The smallest rectangle with all dark pixels.
  private static func darkBox(_ image: GrayImage) -> (x: Range<Int>, y: Range<Int>)? {
    var (left, right, top, bottom) = (image.width, -1, image.height, -1)
    for y in 0..<image.height {
      for x in 0..<image.width where image.isDark(x: x, y: y) {
        (left, right) = (min(left, x), max(right, x))
        (top, bottom) = (min(top, y), max(bottom, y))
      }
    }
    guard right >= left, bottom >= top else { return nil }
    return (left..<(right + 1), top..<(bottom + 1))
  }

  /// A dark ring of 7 by 7, a light one within and a dark square of 3 by 3, in three corners.
  private var hasFinderPatterns: Bool {
    for (top, left) in [(0, 0), (0, self.size - 7), (self.size - 7, 0)] {
      for row in 0..<7 {
        for column in 0..<7 {
          let ring = max(abs(row - 3), abs(column - 3))
          guard self.isDark(row: top + row, column: left + column) == (ring != 2) else {
            return false
          }
        }
      }
    }
    return true
  }
}
