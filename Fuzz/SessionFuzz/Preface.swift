internal import NIOCore

/// What a client sends first: the magic, and SETTINGS with nothing in them.
let preface = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0")
