/// Ends the program when an invariant does not hold, which the fuzzer takes for a finding.
package func check(
  _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #file,
  line: UInt = #line
) {
  if !condition { fatalError(message(), file: file, line: line) }
}
