/// Ends the handling of a request with this answer.
struct Refusal: Error {
  var response: Response

  init(_ response: Response) { self.response = response }
}
