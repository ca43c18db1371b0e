internal import CPNG

/// A picture in shades of gray.
struct GrayImage: Equatable {
  /// The most pixels on a side that are decoded: a QR code needs some hundred.
  static let maximumSide = 4_096

  let width: Int
  let height: Int
  /// 0 is black, 255 white; row by row.
  private let pixels: [UInt8]

  init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(pixels.count == width * height, "a picture has width times height pixels")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Decodes a PNG; transparent parts become white. Nil for anything else.
  init?(png: [UInt8]) {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    // libpng reads from the bytes until the picture is finished.
    let decoded = png.withUnsafeBytes { bytes -> GrayImage? in
      guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else {
        return nil
      }
      let (width, height) = (Int(image.width), Int(image.height))
      guard (1...Self.maximumSide).contains(width), (1...Self.maximumSide).contains(height) else {
        return nil
      }
      image.format = png_uint_32(PNG_FORMAT_GRAY)
      var white = png_color(red: 255, green: 255, blue: 255)
      var pixels = [UInt8](repeating: 255, count: width * height)
      guard png_image_finish_read(&image, &white, &pixels, png_int_32(width), nil) != 0 else {
        return nil
      }
      return GrayImage(width: width, height: height, pixels: pixels)
    }
    guard let decoded else { return nil }
    self = decoded
  }

  func isDark(x: Int, y: Int) -> Bool {
    self.pixels[y * self.width + x] < 128
  }
}
