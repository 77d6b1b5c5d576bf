import Runtime

/// The message of the error with which `body` ends; nil when it does not.
func refusal(_ body: () throws(RuntimeError) -> Void) -> String? {
  do throws(RuntimeError) {
    try body()
    return nil
  } catch { return error.message }
}
