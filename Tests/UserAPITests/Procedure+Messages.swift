import NIOCore
import UserAPI

extension Procedure {
  /// Reads an input of the procedure.
  func request(_ buffer: ByteBuffer) throws(UserAPIError) -> any Message {
    switch self {
    case .getWhatsAppSession, .initiateWhatsAppSession: try NoInput(buffer: buffer)
    case .getSessionStatus, .getSessionQR, .restartSession, .logoutSession:
      try SessionRequest(buffer: buffer)
    case .updateSessionPhone: try UpdateSessionPhoneRequest(buffer: buffer)
    case .getWhatsAppGroups, .getWhatsAppContacts: try DirectoryRequest(buffer: buffer)
    case .watchSession: try WatchSessionRequest(buffer: buffer)
    case .linkSession: try LinkSessionRequest(buffer: buffer)
    }
  }

  /// Reads an output of the procedure.
  func reply(_ buffer: ByteBuffer) throws(UserAPIError) -> any Message {
    switch self {
    case .getWhatsAppSession: try WhatsAppSession?(buffer: buffer)
    case .initiateWhatsAppSession: try InitiatedSession(buffer: buffer)
    case .getSessionStatus: try SessionStatusReply(buffer: buffer)
    case .getSessionQR: try SessionQRCode(buffer: buffer)
    case .restartSession, .updateSessionPhone, .logoutSession: try Success(buffer: buffer)
    case .getWhatsAppGroups: try GroupPage(buffer: buffer)
    case .getWhatsAppContacts: try ContactPage(buffer: buffer)
    case .watchSession, .linkSession: try SessionEvent(buffer: buffer)
    }
  }
}
