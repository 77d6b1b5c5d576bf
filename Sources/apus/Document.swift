internal import Linux

/// The document in a file, or on standard input for `-`, and what messages call it.
func document(_ operand: String) throws(Failure) -> (text: [UInt8], name: String) {
  let limit = 1 << 20
  if operand.equals("-") {
    let text = try failing { () throws(SystemError) in
      try during("read", "standard input") { () throws(Errno) in try readAll(from: StandardDescriptor.input, limit: limit) }
    }
    return (text, "standard input")
  }
  return (try failing { () throws(SystemError) in try readFile(Path(operand), limit: limit) }, operand)
}
