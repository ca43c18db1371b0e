internal import CPNG
internal import NIOCore

/// Grey pictures as PNG files, by libpng.
enum PNG {
  /// - Parameter pixels: One byte each, row by row; `width` times `height` of them.
  /// - Returns: Nil when libpng refuses.
  static func encode(_ pixels: [UInt8], width: Int, height: Int) -> ByteBuffer? {
    precondition(pixels.count == width * height, "one byte a pixel")
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = png_uint_32(width)
    image.height = png_uint_32(height)
    image.format = png_uint_32(PNG_FORMAT_GRAY)
    defer { png_image_free(&image) }
    // Asked without a place to write to, libpng only counts.
    var size: png_alloc_size_t = 0
    guard png_image_write_to_memory(&image, nil, &size, 0, pixels, 0, nil) != 0 else { return nil }
    var file = [UInt8](repeating: 0, count: size)
    guard png_image_write_to_memory(&image, &file, &size, 0, pixels, 0, nil) != 0 else {
      return nil
    }
    return ByteBuffer(bytes: file.prefix(size))
  }
}
