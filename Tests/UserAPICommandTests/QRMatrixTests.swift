import CPNG
import Testing

@testable import user_api

@Suite struct QRMatrixTests {
  /// Modules with the three finder patterns and noise that is the same every time.
  private static func code(size: Int) -> [[Bool]] {
    var state: UInt32 = 1
    var modules = (0..<size).map { _ in
      (0..<size).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return state >> 31 == 1
      }
    }
    for (top, left) in [(0, 0), (0, size - 7), (size - 7, 0)] {
      for row in -1...7 {
        for column in -1...7 {
          guard modules.indices.contains(top + row), modules.indices.contains(left + column) else {
            continue
          }
          let ring = max(abs(row - 3), abs(column - 3))
          modules[top + row][left + column] = ring != 2 && ring != 4
        }
      }
    }
    return modules
  }

  /// A PNG of the modules, each of `scale` pixels a side, with a light margin.
  private static func png(_ modules: [[Bool]], scale: Int, margin: Int) throws -> [UInt8] {
    let side = modules.count * scale + 2 * margin
    var pixels = [UInt8](repeating: 255, count: side * side)
    for (row, line) in modules.enumerated() {
      for (column, isDark) in line.enumerated() where isDark {
        for y in 0..<scale {
          for x in 0..<scale {
            pixels[(margin + row * scale + y) * side + margin + column * scale + x] = 0
          }
        }
      }
    }
    return try self.png(pixels, side: side, format: PNG_FORMAT_GRAY)
  }

  private static func png(_ pixels: [UInt8], side: Int, format: Int32) throws -> [UInt8] {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = png_uint_32(side)
    image.height = png_uint_32(side)
    image.format = png_uint_32(format)
    var bytes = [UInt8](repeating: 0, count: pixels.count + 65_536)
    var count = bytes.count
    try #require(png_image_write_to_memory(&image, &bytes, &count, 0, pixels, 0, nil) != 0)
    return Array(bytes.prefix(count))
  }

  @Test(arguments: [(21, 1, 0), (21, 4, 16), (25, 3, 7), (61, 4, 16), (177, 2, 8)])
  func `the modules of a picture are read`(size: Int, scale: Int, margin: Int) throws {
    let modules = Self.code(size: size)
    let png = try Self.png(modules, scale: scale, margin: margin)
    let image = try #require(GrayImage(png: png))
    let matrix = try #require(QRMatrix(image))
    #expect(matrix.size == size)
    for row in 0..<size {
      for column in 0..<size {
        #expect(matrix.isDark(row: row, column: column) == modules[row][column])
      }
    }
  }

  @Test func `what is transparent counts as white`() throws {
    // Gray and alpha: black, but to be seen only where the code is dark.
    let modules = Self.code(size: 21)
    let pixels = modules.flatMap { $0.flatMap { [0, $0 ? 255 : 0] } }
    let png = try Self.png(pixels.map(UInt8.init), side: 21, format: Int32(PNG_FORMAT_GA))
    let image = try #require(GrayImage(png: png))
    let matrix = try #require(QRMatrix(image))
    #expect(matrix.isDark(row: 0, column: 0))
    #expect(!matrix.isDark(row: 1, column: 1))
  }

  @Test(arguments: [[], [1, 2, 3], Array("<svg/>".utf8)])
  func `what is no PNG is no picture`(bytes: [UInt8]) {
    #expect(GrayImage(png: bytes) == nil)
  }

  @Test func `a PNG that breaks off is no picture`() throws {
    let png = try Self.png(Self.code(size: 21), scale: 4, margin: 16)
    for count in 0..<png.count - 12 {
      #expect(GrayImage(png: Array(png.prefix(count))) == nil)
    }
  }

  @Test func `a picture without a code has none`() {
    let white = GrayImage(width: 50, height: 50, pixels: [UInt8](repeating: 255, count: 2_500))
    #expect(QRMatrix(white) == nil)
    let black = GrayImage(width: 50, height: 50, pixels: [UInt8](repeating: 0, count: 2_500))
    #expect(QRMatrix(black) == nil)
    var dot = [UInt8](repeating: 255, count: 2_500)
    dot[1_000] = 0
    #expect(QRMatrix(GrayImage(width: 50, height: 50, pixels: dot)) == nil)
  }

  @Test func `a code is drawn in black on white with its quiet zone`() throws {
    let png = try Self.png(Self.code(size: 21), scale: 1, margin: 0)
    let image = try #require(GrayImage(png: png))
    let matrix = try #require(QRMatrix(image))
    let lines = matrix.drawing.split(separator: "\n")
    // 21 modules and 4 light ones on each side; two in a character, the last row alone.
    #expect(lines.count == 15)
    #expect(lines.allSatisfy { $0.hasSuffix("\u{1B}[0m") })
    #expect(lines.allSatisfy { $0.count { $0 == "\u{2580}" } == 29 })
    #expect(
      lines[0] == "\u{1B}[38;5;231;48;5;231m" + String(repeating: "\u{2580}", count: 29)
        + "\u{1B}[0m")
    // The upper edge of the finder pattern, and under it its two sides.
    #expect(
      lines[2].hasPrefix(
        "\u{1B}[38;5;231;48;5;231m" + String(repeating: "\u{2580}", count: 4)
          + "\u{1B}[38;5;16;48;5;16m\u{2580}\u{1B}[38;5;16;48;5;231m"
          + String(repeating: "\u{2580}", count: 5) + "\u{1B}[38;5;16;48;5;16m\u{2580}"))
  }

  @Test(arguments: ["2@a", String(repeating: "2@Zm9ydHk,", count: 24)])
  func `a code that is made of a text is a code`(text: String) throws {
    let matrix = try #require(QRMatrix(saying: text))
    // With three pixels a module and the margin that the standard wants.
    let width = (matrix.size + 8) * 3
    let pixels = (0..<width * width).map { index -> UInt8 in
      matrix.isDark(row: index / width / 3 - 4, column: index % width / 3 - 4) ? 0 : 255
    }
    #expect(QRMatrix(GrayImage(width: width, height: width, pixels: pixels)) == matrix)
    #expect(matrix.drawing.split(separator: "\n").count == matrix.drawnRows)
  }

  @Test(arguments: ["", String(repeating: "a", count: 4_000)])
  func `a text that no code can say has none`(text: String) {
    #expect(QRMatrix(saying: text) == nil)
  }
}
